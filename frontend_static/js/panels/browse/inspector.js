// @ts-check
/** <sg-inspector>: what the selected feature is, where it comes from, and what can be done with it. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { closable, findLayer } from '../../core/catalog.js';
import { isClosure, mayDecide, show, undo } from '../../model/events.js';
import { anchor, extent, measure } from '../../core/geo.js';
import { anonymous, distance, nameOf, pick, surface, t } from '../../core/i18n.js';
import { setOrigin } from '../../model/reach.js';
import { addVia, setWaypoint } from '../../model/stops.js';
import { reloadSelection, select } from '../../model/select.js';
import { account, data, url } from '../../core/store.js';
import { showExtent } from '../../map/camera.js';
import { badge, busy, failure, icon, layerSymbol, value } from '../widgets.js';
import '../desk/closure_form.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/types.js').Layer} Layer */

const HIDDEN = new Set(['name_zh', 'name_en', 'origin', 'source_id']);

/** What a closure of a feature aims at: a structure by its id, an edge by its own. */
export function closureTarget(/** @type {Layer} */ layer, /** @type {Feature} */ feature) {
  const key = layer.geometry === 'line' ? 'edge_id' : 'facility_id';
  return { label: nameOf(feature.properties, anonymous(layer.title, feature.id)), target: { [key]: feature.id }, directed: true };
}

class Inspector extends Part {
  render() {
    const state = data.feature.value;
    if (state.state === 'empty') return html`<p class="muted pad" data-testid="inspect-empty">${t('inspect.empty')}</p>`;
    if (state.state === 'loading') return busy(true);
    if (state.state === 'error') return html`<div class="pad">${failure(state.error, reloadSelection)}${this.clearButton()}</div>`;
    return this.feature(findLayer(state.layer), state.feature);
  }

  clearButton() {
    return html`<button class="plain" data-testid="inspect-clear" aria-label=${t('inspect.clear')} title=${t('inspect.clear')} @click=${() => select(null)}>${icon('close')}</button>`;
  }

  feature(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const name = nameOf(feature.properties, anonymous(layer?.title, feature.id));
    const other = url.lang.value === 'zh' ? feature.properties.name_en : feature.properties.name_zh;
    return html`<article class="inspect" data-testid="inspector" data-id=${feature.id} aria-label=${name}>
      <header>
        ${layerSymbol(layer)}
        <div><h3>${name}</h3><p class="muted">${pick(layer?.title)}${other && other !== name ? html` · ${other}` : ''}</p></div>
        ${this.clearButton()}
      </header>
      <div class="actions">${this.actions(layer, feature, name)}</div>
      ${data.closing.value ? html`<sg-closure></sg-closure>` : ''}
      <h4>${t('inspect.properties')}</h4>
      <dl>${this.rows(layer, feature)}${this.geometry(feature)}</dl>
      ${this.provenance(layer, feature)}
    </article>`;
  }

  actions(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature, /** @type {string} */ name) {
    const at = anchor(feature.geometry);
    const point = at && { lon: at[0], lat: at[1], label: name };
    const box = extent(feature.geometry);
    return html`
      ${point
        ? html`<button data-testid="inspect-start" @click=${() => setWaypoint(0, point)}>${t('inspect.start')}</button>
            <button data-testid="inspect-end" @click=${() => setWaypoint(-1, point)}>${t('inspect.end')}</button>
            <button data-testid="inspect-via" @click=${() => addVia(point)}>${t('map.via')}</button>
            <button data-testid="inspect-reach" @click=${() => setOrigin(point, 'reach')}>${t('map.reach')}</button>
            <button data-testid="inspect-nearest" @click=${() => setOrigin(point, 'nearest')}>${t('map.nearest')}</button>`
        : ''}
      ${box ? html`<button data-testid="inspect-zoom" @click=${() => showExtent(box)}>${t('inspect.zoom')}</button>` : ''}
      ${layer && closable(layer) ? this.closeButton(layer, feature) : ''}
      ${this.eventButtons(String(feature.properties.event_id ?? feature.id))}`;
  }

  /** What can be done with an open event, or with the event that closed an edge. */
  eventButtons(/** @type {string} */ id) {
    const event = data.events.value.find((entry) => entry.id === id);
    if (!event) return '';
    return html`<button data-testid="inspect-desk" @click=${() => show(id)}>${t('inspect.desk')}</button>
      ${mayDecide() && isClosure(event) ? html`<button class="danger" data-testid="inspect-undo" @click=${() => undo(id)}>${t('events.undo')}</button>` : ''}`;
  }

  closeButton(/** @type {Layer} */ layer, /** @type {Feature} */ feature) {
    const allowed = mayDecide();
    return html`<button class="danger" data-testid="inspect-close" ?disabled=${!allowed} title=${account.value ? '' : t('inspect.sign_in_to_close')}
      aria-expanded=${data.closing.value !== null} @click=${() => (data.closing.value = data.closing.value ? null : closureTarget(layer, feature))}>
      ${icon('barrier')}${t('inspect.close')}</button>
      ${allowed ? '' : html`<p class="hint">${t('inspect.sign_in_to_close')}</p>`}`;
  }

  rows(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const columns = layer?.columns ?? [];
    return columns
      .filter((column) => !HIDDEN.has(column.name) && column.name in feature.properties)
      .map((column) => html`<div><dt>${pick(column.title)}</dt><dd data-testid="prop-${column.name}">${value(column, feature.properties[column.name])}</dd></div>`);
  }

  geometry(/** @type {Feature} */ feature) {
    const { length, area } = measure(feature.geometry);
    const at = feature.geometry?.type === 'Point' ? feature.geometry.coordinates : null;
    return html`
      ${length === null || 'length_m' in feature.properties ? '' : html`<div><dt>${t('inspect.length')}</dt><dd>${distance(length)}</dd></div>`}
      ${area === null ? '' : html`<div><dt>${t('inspect.area_size')}</dt><dd>${surface(area)}</dd></div>`}
      ${at ? html`<div><dt>${t('inspect.position')}</dt><dd class="num">${at[0].toFixed(5)}, ${at[1].toFixed(5)}</dd></div>` : ''}`;
  }

  provenance(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const own = feature.properties.source_id;
    const all = layer?.source ?? [];
    const sources = all.filter((source) => /** @type {any} */ (source).id === own).length ? all.filter((source) => /** @type {any} */ (source).id === own) : all;
    const origin = feature.properties.origin;
    return html`<h4>${t('inspect.source')}</h4>
      <dl class="provenance">
        ${origin ? html`<div><dt>${t('origin.title')}</dt><dd data-testid="inspect-origin">${badge(origin)}</dd></div>` : ''}
        ${sources.map((source) => html`
          <div><dt>${t('inspect.source')}</dt><dd>${pick(source.title)}</dd></div>
          <div><dt>${t('inspect.license')}</dt><dd>${source.license_url ? html`<a href=${source.license_url} target="_blank" rel="noreferrer">${source.license}</a>` : source.license}</dd></div>
          <div><dt>${t('inspect.attribution')}</dt><dd>${source.attribution}</dd></div>`)}
      </dl>`;
  }
}

define('sg-inspector', Inspector);
