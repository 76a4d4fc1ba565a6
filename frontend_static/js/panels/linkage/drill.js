// @ts-check
/** The typhoon drill: draw an area, name a window, see who is affected, who waits where, what an hour is worth. */
import { html } from 'lit';
import { INPUT_PATTERN, number, pick, t } from '../../core/i18n.js';
import { ringOf, worstFirst } from '../../core/drill.js';
import { startDraw } from '../../model/draw.js';
import { drillStore, runDrill } from '../../model/drill.js';
import { linkageStore, setShipment } from '../../model/linkage.js';
import { openDrawer } from '../../model/shell.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { choice } from './choice.js';
import { hubName } from './hub_field.js';
import { chain } from './words.js';

/** @typedef {import('../../core/drill.js').Drill} Drill */
/** @typedef {import('../../core/drill.js').Affected} Affected */

/** Shipments that are listed. */
const LISTED = 20;
const COUNTS = ['200', '1000', '0'];
const SUMS = /** @type {const} */ (['cost_cny', 'co2_kg', 'teu_h', 'generalised_cny']);

const value = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value.trim();
const named = (/** @type {{ name_zh: string | null, name_en: string | null }} */ one, /** @type {string} */ id) =>
  pick({ zh: one.name_zh, en: one.name_en }) || id;
const plus = (/** @type {number | null} */ one, digits = 0) =>
  (one === null ? '–' : `${one > 0 ? '+' : ''}${number(one, digits)}`);

function draw() {
  openDrawer(null);
  startDraw('polygon', 'linkage-drill');
}

function form() {
  const draft = linkageStore.draft.value;
  const time = (/** @type {'since' | 'until'} */ name) => html`<label class="field"><span>${
    t(`link.drill_${name}`)}</span><input type="text" class="num" pattern=${INPUT_PATTERN}
      data-testid="drill-${name}" title="2026-12-01 08:00"
      placeholder=${t(`link.drill_${name}_blank`)} .value=${draft[name]}
      @change=${(/** @type {Event} */ e) => setShipment({ [name]: value(e) })} /></label>`;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    runDrill();
  };
  const ring = ringOf(draft.area);
  return html`<form class="link-form" @submit=${submit}><p class="hint">${t('link.drill_how')}</p>
    <div class="actions"><button type="button" data-testid="drill-draw" @click=${draw}>${icon('area')}<span>${
      t('link.drill_draw')}</span></button><span class="muted num" data-testid="drill-area">${ring
      ? t('link.drill_corners', { count: ring.length - 1 }) : t('link.drill_none')}</span></div>
    <div class="link-fields">${time('since')}${time('until')}
      <label class="field"><span>${t('link.drill_cargo')}</span><select data-testid="drill-count"
        @change=${(/** @type {Event} */ e) => setShipment({ count: value(e) })}>${COUNTS.map((count) =>
        html`<option value=${count} ?selected=${count === draft.count}>${count === '0' ? t('link.drill_table')
          : t('link.drill_drawn', { count: number(Number(count)) })}</option>`)}</select></label>
      <label class="check"><input type="checkbox" data-testid="drill-roads" .checked=${draft.roads === '1'}
        @change=${(/** @type {any} */ e) => setShipment({ roads: e.target.checked ? '1' : '' })} /><span>${
        t('link.drill_roads')}</span></label></div>
    <div class="actions"><button class="primary" data-testid="drill-run" ?disabled=${!ring ||
      drillStore.working.value}>${t('link.drill_run')}</button></div></form>`;
}

function totals(/** @type {Drill} */ { totals: sums }) {
  const gap = sums.gap === null ? '' : t('link.drill_gap', {
    gap: number(sums.gap * 100, 2), seconds: number(sums.seconds, 1) });
  return html`<h3 data-testid="drill-totals" data-affected=${sums.affected}>${t('link.drill_totals', {
    affected: number(sums.affected), shipments: number(sums.shipments) })}</h3>
    <p>${t('link.drill_split', { rerouted: number(sums.rerouted), waits: number(sums.waits),
      unserved: number(sums.unserved), late: number(sums.late) })}</p>
    <div class="wide" tabindex="0" role="region" aria-label=${t('link.drill_sums')}><table><thead><tr>
      <th scope="col">${t('link.drill_sums')}</th><th scope="col">${t('link.before')}</th>
      <th scope="col">${t('link.after')}</th></tr></thead><tbody>${SUMS.map((name) => html`<tr>
      <th scope="row">${t(`link.sum.${name}`)}</th><td class="num">${number(sums.before[name])}</td>
      <td class="num">${number(sums.after[name])}</td></tr>`)}</tbody></table></div>
    <p class="hint">${gap}</p>`;
}

function shipment(/** @type {Affected} */ one) {
  return html`<tr data-testid="drill-shipment" data-status=${one.status}>
    <th scope="row" class="ends">${hubName(one.start)} → ${hubName(one.goal)} ${badge(one.origin, { bare: true })}<br />
      <small class="muted num">${one.id} · ${number(one.teu, 1)} TEU</small></th>
    <td class="papers ${one.status === 'unserved' ? 'bad' : ''}">${
      t(`link.drill_status.${one.status}`)}</td>
    <td>${one.before ? chain(one.before.legs) : '–'}<br />${one.after ? chain(one.after.legs) : '–'}</td>
    <td class="num">${plus(one.later_h, 1)}</td><td class="num">${plus(one.dearer_cny)}</td></tr>`;
}

function affected(/** @type {Drill} */ drill) {
  if (!drill.affected.length) return '';
  const heads = /** @type {const} */ (
    ['link.drill_shipment', 'link.drill_then', 'link.drill_ways', 'link.drill_later', 'link.drill_dearer']);
  const caption = t('link.drill_worst', { count: Math.min(LISTED, drill.affected.length) });
  return html`<h4>${caption}</h4><div class="wide" tabindex="0" role="region" aria-label=${caption}><table>
    <thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
    <tbody>${worstFirst(drill.affected).slice(0, LISTED).map(shipment)}</tbody></table></div>`;
}

function hubs(/** @type {Drill} */ drill) {
  const waiting = drill.waiting.filter(({ more_teu_h: more }) => more > 0).slice(0, LISTED);
  return html`${waiting.length ? html`<h4>${t('link.drill_waiting')}</h4><ul class="link-found"
      data-testid="drill-waiting">${waiting.map((one) => html`<li>${named(one, one.hub)} <span class="num">+${
      number(one.more_teu_h)} ${t('link.teu_h')}</span></li>`)}</ul>` : ''}
    ${drill.prices.length ? html`<h4>${t('link.drill_prices')}</h4><ul class="link-found" data-testid="drill-prices">${
      drill.prices.slice(0, LISTED).map((one) => html`<li>${one.kind === 'typhoon' ? t('link.drill_area')
        : named(one, one.ref)} <span class="num">${number(one.saved_cny)} ${t('link.unit.cost')}</span></li>`)}</ul>
      <p class="hint">${t('link.drill_prices_note')}</p>` : ''}
    ${drill.notes.map((note) => html`<p class="hint">${pick(note)}</p>`)}`;
}

/** The view of the drill. */
export function drill() {
  const { answer, error, working } = drillStore;
  return html`${form()}${busy(working.value)}
    ${error.value ? failure(error.value, runDrill, 'drill-retry') : ''}
    ${answer.value ? html`${totals(answer.value)}${affected(answer.value)}${hubs(answer.value)}` : ''}
    ${choice()}`;
}
