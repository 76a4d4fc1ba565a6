// @ts-check
/** The week: for each day the latest departure, the soonest arrival and the cheapest way; a click asks for it. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { cheapestOf } from '../../core/linkage.js';
import { linkageStore, readyFor } from '../../model/linkage.js';
import { failure } from '../widgets.js';
import { askLinkage } from '../../model/linkage.js';
import { chain, cost, when } from './words.js';

/** @typedef {import('../../core/linkage.js').Itinerary} Itinerary */
/** @typedef {import('../../core/linkage.js').Profile} Profile */
/** @typedef {import('../../core/linkage.js').Day} Day */

function cell(/** @type {Itinerary | null} */ one, /** @type {unknown} */ value, /** @type {string} */ name) {
  return html`<td>${one ? html`<button class="link num" data-testid="link-day-${name}"
    title=${t('link.ready_then', { at: when(one.departs) })} @click=${() => readyFor(one.departs)}>${value}</button>
    ${chain(one.legs)}` : '–'}</td>`;
}

function row(/** @type {Profile} */ profile, /** @type {Day} */ one) {
  const find = (/** @type {number} */ id) => profile.itineraries.find((each) => each.id === id) ?? null;
  const [latest, soonest, cheapest] = [find(one.latest), find(one.soonest), cheapestOf(profile, one.day)];
  const weekday = new Date(`${one.day}T12:00:00+08:00`).getUTCDay();
  return html`<tr data-testid="link-day" data-day=${one.day}><th scope="row">${one.day.slice(5)} <small class="muted">${
    t(/** @type {any} */ (`link.weekday.${weekday}`))}</small></th>
    ${cell(latest, latest && when(latest.departs), 'latest')}
    ${cell(soonest, soonest && when(soonest.arrives), 'soonest')}
    ${cell(cheapest, cheapest && cost(cheapest.cost_cny), 'cheapest')}</tr>`;
}

/** The table of the week. */
export function week() {
  const profile = linkageStore.profile.value;
  const error = linkageStore.profileError.value;
  if (!profile) return error && !linkageStore.error.value ? failure(error, askLinkage, 'link-week-retry') : '';
  const any = profile.itineraries.filter((one) => one.any_time);
  const heads = /** @type {const} */ (['link.day', 'link.latest_out', 'link.soonest_in', 'link.cheapest']);
  return html`<h4>${t('link.week')}</h4>
    ${any.map((one) => html`<p class="hint">${chain(one.legs)} ${t('link.any_time')}: ${cost(one.cost_cny)}</p>`)}
    ${profile.days.length ? html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.week')}>
      <table data-testid="link-week"><thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
      <tbody>${profile.days.map((day) => row(profile, day))}</tbody></table></div>
      <p class="hint">${t('link.week_note')}</p>` : html`<p class="muted">${t('link.week_none')}</p>`}`;
}
