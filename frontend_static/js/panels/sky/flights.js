// @ts-check
/** <sg-flights>: the flights of the day around the view, by begin; each can be followed. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { clock, number, pick, t } from '../../core/i18n.js';
import { codeName, layerStore } from '../../model/layers.js';
import {
  follow, inForce, movingFlights, placeOf, reloadSky, running, showFlights, skyStore,
} from '../../model/sky.js';
import { stateColour } from '../../map/colours.js';
import { shellStore } from '../../model/shell.js';
import { select } from '../../model/selection.js';
import { askFor, playhead, timeStore } from '../../model/time.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { GLYPHS, heightText } from './height_text.js';

/** @typedef {import('../../core/types.js').SkyFlight} SkyFlight */
/** @typedef {{ flight: SkyFlight, place: import('../../core/types.js').SkyPlace | null }} Row */

const DATUMS = /** @type {const} */ (['AGL', 'AMSL', 'W84']);
/** While time runs, heights in the list are read again so often: the eye follows no more. */
const EACH_MS = 1000;

class FlightList extends Part {
  static properties = { query: { state: true }, flying: { state: true }, datum: { state: true } };

  constructor() {
    super();
    this.query = '';
    this.flying = true;
    /** @type {typeof DATUMS[number] | null} */
    this.datum = null;
    /** Rows as they were rendered last: most are the same again. */
    this.rows = /** @type {Map<string, { flight: SkyFlight, key: string, row: unknown }>} */ (new Map());
  }

  connectedCallback() {
    super.connectedCallback();
    this.pulse = setInterval(() => (timeStore.at.peek() === null || running()) && this.requestUpdate(), EACH_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.pulse);
  }

  render() {
    if (!skyStore.flights.value) return html``;
    if (timeStore.player.value === null) void timeStore.at.value;
    const at = playhead();
    const all = movingFlights();
    const rows = all.map((flight) => ({ flight, place: inForce(flight, at) ? placeOf(flight, at) : null }));
    const found = rows.filter((row) => this.wanted(row));
    const aloft = rows.filter(({ place }) => place).length;
    const error = skyStore.error.value;
    return html`<section class="flights" data-testid="flights">
      <header><h2>${t('sky.list')}</h2><b class="planned">${t('sky.planned')}</b><span class="grow"></span>
        <button class="plain" data-testid="flights-close" aria-label=${t('app.close')}
          @click=${() => showFlights(false)}>${icon('close')}</button></header>
      ${busy(skyStore.loading.value)}
      <p class="flights-sum"><b class="num" data-testid="flights-aloft" data-count=${aloft}>${number(aloft)}</b>
        ${t('sky.aloft', { time: clock(at), all: number(all.length) })}</p>
      ${error ? failure(error, reloadSky) : ''}
      ${skyStore.picture.value && !skyStore.picture.value.others_shown
        ? html`<p class="hint warn">${t('sky.sign_in')}</p>` : ''}
      <div class="flights-tools">
        <input type="search" data-testid="flights-filter" aria-label=${t('sky.filter')} placeholder=${t('sky.filter')}
          .value=${this.query} @input=${(/** @type {any} */ e) => (this.query = e.target.value)} />
        <select aria-label=${t('sky.datum')} data-testid="flights-datum"
          @change=${(/** @type {any} */ e) => (this.datum = e.target.value)}>${DATUMS.map((one) => html`<option
            value=${one} ?selected=${one === this.shown}>${t(`sky.datum_${one}`)}</option>`)}</select>
      </div>
      <label class="check"><input type="checkbox" data-testid="flights-flying" .checked=${this.flying}
        @change=${(/** @type {any} */ e) => (this.flying = e.target.checked)} />${t('sky.only_aloft')}</label>
      ${found.length ? this.table(found) : html`<p class="muted" data-testid="flights-none">${t('sky.none')}</p>`}
    </section>`;
  }

  /** The datum of the heights in the list: its own choice, else that of the map. */
  get shown() {
    return this.datum ?? skyStore.datum.value;
  }

  wanted(/** @type {Row} */ { flight, place }) {
    if (this.flying && !place && flight.id !== skyStore.follow.value) return false;
    const query = this.query.trim().toLowerCase();
    const texts = [flight.name?.zh, flight.name?.en, flight.manager, flight.id, codeName('state', flight.state ?? '')];
    return !query || texts.some((text) => text?.toLowerCase().includes(query));
  }

  table(/** @type {Row[]} */ rows) {
    return html`<div class="flights-scroll" tabindex="0" role="region" aria-label=${t('sky.list')}>
      <table><caption class="sr">${t('sky.list')} (${t('sky.planned')})</caption>
        <thead><tr><th scope="col">${t('sky.flight')}</th><th scope="col" class="numeric">${t('sky.height')}</th>
          <th scope="col">${t('sky.times')}</th><th scope="col"><span class="sr">${t('sky.follow')}</span></th>
        </tr></thead>
        <tbody>${repeat(rows, ({ flight }) => flight.id, (row) => this.row(row))}</tbody></table></div>`;
  }

  /** The row of a flight, made anew only where something of it has changed. */
  row(/** @type {Row} */ { flight, place }) {
    const followed = skyStore.follow.value === flight.id;
    const height = place ? heightText(place, this.shown) : '–';
    const look = [shellStore.theme.value, shellStore.lang.value, layerStore.catalogue.value?.version];
    const key = [height, followed, ...look].join();
    const held = this.rows.get(flight.id);
    if (held?.key === key && held.flight === flight) return held.row;
    const row = this.made(flight, height, followed);
    this.rows.set(flight.id, { flight, key, row });
    return row;
  }

  made(/** @type {SkyFlight} */ flight, /** @type {string} */ height, /** @type {boolean} */ followed) {
    const name = pick(flight.name) || `${flight.manager} …${flight.id.slice(-4)}`;
    const state = codeName('state', flight.state ?? '');
    const colour = stateColour(flight.state, shellStore.theme.value);
    const glyph = html`<i aria-hidden="true" class="glyph" style="color:${colour}">${
      GLYPHS[flight.state ?? ''] ?? '◌'}</i>`;
    const made = flight.origin === 'synthetic' ? badge('synthetic', { bare: true }) : '';
    return html`<tr data-testid="flight" data-id=${flight.id} class=${followed ? 'current' : ''}>
      <td><button class="cell" title="${name} · ${state}" @click=${() => this.show(flight)}>${glyph}<span>${name}</span>
        <span class="sr">${state}</span></button>${made}</td>
      <td class="numeric num" data-testid="flight-height">${height}</td>
      <td class="num">${clock(flight.begin_ms)}–${clock(flight.end_ms)}</td>
      <td><button class="small" data-testid="flight-follow" aria-pressed=${followed}
        aria-label="${t(followed ? 'sky.unfollow' : 'sky.follow')}: ${name}"
        title=${t('sky.follow')}
        @click=${() => this.follow(flight, followed)}>${icon('target')}</button></td></tr>`;
  }

  show(/** @type {SkyFlight} */ flight) {
    const id = flight.layer === 'operations' ? flight.id : `${flight.id}:${flight.volumes[0].part}`;
    select({ layer: flight.layer, id }, true);
  }

  /** Follow a flight; one that does not fly at the time brings the time to its begin. */
  follow(/** @type {SkyFlight} */ flight, /** @type {boolean} */ followed) {
    follow(followed ? null : flight.id);
    if (!followed && !placeOf(flight, playhead())) askFor(flight.begin_ms + 1000);
  }
}

define('sg-flights', FlightList);
