// @ts-check
/** <sg-heights>: how heights are drawn: datum, exaggeration, what they stand on, what is unknown. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { pick, t } from '../../core/i18n.js';
import {
  EXAGGERATIONS, skyStore, findFlight, follow, placeOf, reloadSky, setDatum, setExaggeration,
} from '../../model/sky.js';
import { playhead, timeStore } from '../../model/time.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { stateColour } from '../../map/colours.js';
import { codeName } from '../../model/layers.js';
import { shellStore } from '../../model/shell.js';
import { GLYPHS, heightText } from './height_text.js';

/** States that the legend names. */
const MARKED = ['Filed', 'Accepted', 'Activated', 'Nonconforming'];
const DATUMS = /** @type {const} */ (['AGL', 'AMSL']);

class Heights extends Part {
  render() {
    if (!skyStore.wanted.value) return html``;
    return html`<section class="heights" data-testid="heights" aria-label=${t('sky.heights')}>
      ${busy(skyStore.loading.value)}
      ${skyStore.space.value === '3d' ? this.scale() : ''}
      ${skyStore.error.value ? failure(skyStore.error.value, reloadSky) : ''}
      ${this.facts()}
      ${this.marks()}
      ${this.followed()}
    </section>`;
  }

  /** The switch of the datum, and the exaggeration by its name. */
  scale() {
    const times = skyStore.exaggeration.value;
    const all = EXAGGERATIONS.includes(times) ? EXAGGERATIONS : [...EXAGGERATIONS, times].sort((a, b) => a - b);
    return html`<div class="heights-row">
      <div class="segments" role="group" aria-label=${t('sky.datum')}>${DATUMS.map((datum) => html`<button
        data-testid="datum-${datum}" aria-pressed=${skyStore.datum.value === datum} title=${t(`sky.datum_${datum}`)}
        @click=${() => setDatum(datum)}>${t(`sky.datum_${datum}`)}</button>`)}</div>
      <label>${t('sky.exaggeration')} <select data-testid="exaggeration"
        @change=${(/** @type {any} */ e) => setExaggeration(Number(e.target.value))}>${all.map((one) => html`<option
          value=${one} ?selected=${one === times}>×${one}</option>`)}</select></label>
    </div>`;
  }

  /** What heights stand on. */
  facts() {
    const picture = skyStore.picture.value;
    if (!picture) return '';
    const { terrain, geoid } = picture;
    const open = t('sky.open_top', { top: picture.open_top_m });
    const ground = terrain
      ? html`${t('sky.terrain')} ${terrain.name} ${badge(terrain.origin, { bare: true })}`
      : html`<b class="warn">${t('sky.no_terrain')}</b>`;
    const level = geoid ?? html`<b class="warn">${t('sky.no_geoid')}</b>`;
    return html`<p class="hint">${ground} · ${level} · ${t('sky.planned_only')}</p>
      ${skyStore.space.value === '3d' ? html`<p class="hint heights-more">${t(`sky.ground_${skyStore.datum.value}`)}
        ${open}</p>` : ''}
      ${picture.others_shown ? '' : html`<p class="hint warn" data-testid="sky-signin">${t('sky.sign_in')}</p>`}
      ${picture.truncated ? html`<p class="hint warn">${t('sky.truncated')}</p>` : ''}`;
  }

  /** What the marks mean. */
  marks() {
    const theme = shellStore.theme.value;
    return html`<ul class="marks" aria-label=${t('sky.marks')}>${MARKED.map((state) => html`<li><i aria-hidden="true"
      style="color:${stateColour(state, theme)}">${GLYPHS[state]}</i>${codeName('state', state)}</li>`)}</ul>`;
  }

  followed() {
    void [timeStore.at.value, timeStore.player.value];
    const flight = findFlight(skyStore.follow.value);
    if (!flight) return '';
    const place = placeOf(flight, playhead());
    return html`<p class="followed" data-testid="followed" data-id=${flight.id}><b>${t('sky.planned')}</b>
      <span class="grow">${pick(flight.name) || flight.manager}</span>
      <span class="num">${place ? heightText(place, skyStore.datum.value) : t('sky.not_flying')}</span>
      <button class="plain small" aria-label=${t('sky.unfollow')} title=${t('sky.unfollow')} data-testid="unfollow"
        @click=${() => follow(null)}>${icon('close')}</button></p>`;
  }
}

define('sg-heights', Heights);
