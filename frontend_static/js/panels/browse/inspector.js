// @ts-check
/** <sg-inspector>: what the selected feature is, where it comes from, and what can be done with it. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { anchor, extent, measure } from '../../core/geo.js';
import { anonymous, distance, nameOf, pick, surface, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { badge, busy, failure, icon, layerSymbol, value } from '../widgets.js';
import '../desk/closure_form.js';
import { closable, findLayer } from '../../model/layers.js';
import { flyAlong } from '../../model/flight.js';
import { reloadSelection, select, selectionStore } from '../../model/selection.js';
import { addVia, setWaypoint } from '../../model/stops.js';
import { covers } from '../../core/desk.js';
import { closers, closedUntil, deskStore, isOpen, show, startClosing } from '../../model/events.js';
import { actingOn } from '../../model/selection.js';
import { undoButton, undoQuestion } from '../desk/undo.js';
import { shellStore } from '../../model/shell.js';
import { setOrigin } from '../../model/reach.js';
import { openLock } from '../../model/lock.js';
import { mayDecide, sessionStore } from '../../model/session.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/types.js').Layer} Layer */

const HIDDEN = new Set(['name_zh', 'name_en', 'origin', 'source_id']);

/** What a closure of a feature aims at: a structure by its id, an edge by its own. */
function closureTarget(/** @type {Layer} */ layer, /** @type {Feature} */ feature) {
  const key = layer.geometry === 'line' ? 'edge_id' : 'facility_id';
  const label = nameOf(feature.properties, anonymous(layer.title, feature.id));
  return { label, target: { [key]: feature.id }, directed: true };
}

const fact = (/** @type {unknown} */ name, /** @type {unknown} */ text) =>
  html`<div><dt>${name}</dt><dd>${text}</dd></div>`;

const licence = (/** @type {Layer['source'][number]} */ { license, license_url: page }) =>
  page ? html`<a href=${page} target="_blank" rel="noreferrer">${license}</a>` : license;

class Inspector extends Part {
  render() {
    const state = selectionStore.feature.value;
    if (state.state === 'empty') {
      return html`<p class="muted pad" data-testid="inspect-empty">${t('inspect.empty')}</p>`;
    }
    if (state.state === 'loading') return busy(true);
    if (state.state === 'ready') return this.feature(findLayer(state.layer), state.feature);
    return html`<div class="pad">${failure(state.error, reloadSelection)}${this.clearButton()}</div>`;
  }

  clearButton() {
    return html`<button class="plain" data-testid="inspect-clear" aria-label=${t('inspect.clear')}
      title=${t('inspect.clear')} @click=${() => select(null)}>${icon('close')}</button>`;
  }

  feature(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const { properties } = feature;
    const name = nameOf(properties, anonymous(layer?.title, feature.id));
    const other = shellStore.lang.value === 'zh' ? properties.name_en : properties.name_zh;
    const kinds = [pick(layer?.title), other === name ? '' : other];
    return html`<article class="inspect" data-testid="inspector" data-id=${feature.id} aria-label=${name}>
      <header>
        ${layerSymbol(layer)}
        <div><h3>${name}</h3><p class="muted">${kinds.filter(Boolean).join(' · ')}</p></div>
        ${this.clearButton()}
      </header>
      <div class="actions">${this.actions(layer, feature, name)}</div>
      ${this.closed()}
      ${deskStore.closing.value && !deskStore.closing.value.span ? html`<sg-closure></sg-closure>` : ''}
      <h4>${t('inspect.properties')}</h4>
      <dl>${this.rows(layer, feature)}${this.geometry(feature)}</dl>
      ${this.provenance(layer, feature)}
    </article>`;
  }

  actions(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature, /** @type {string} */ name) {
    const at = anchor(feature.geometry);
    const box = extent(feature.geometry);
    return html`
      ${at ? this.planning({ lon: at[0], lat: at[1], label: name }) : ''}
      ${box
        ? html`<button data-testid="inspect-zoom" @click=${() => showExtent(box)}>${t('inspect.zoom')}</button>`
        : ''}
      ${box
        ? html`<button data-testid="inspect-fly"
            @click=${() => flyAlong(feature.geometry, name)}>${t('air.fly')}</button>`
        : ''}
      ${layer?.id === 'locks'
        ? html`<button data-testid="inspect-lock"
            @click=${() => openLock(String(feature.id))}>${t('lock.desk')}</button>`
        : ''}
      ${layer && closable(layer) ? this.closeButton(layer, feature) : ''}
      ${this.eventButtons(String(feature.properties.event_id ?? feature.id))}`;
  }

  /** What the planner can do with the place. */
  planning(/** @type {import('../../core/hash.js').Waypoint} */ point) {
    const all = /** @type {[string, string, () => void][]} */ ([
      ['start', t('inspect.start'), () => setWaypoint(0, point)],
      ['end', t('inspect.end'), () => setWaypoint(-1, point)],
      ['via', t('map.via'), () => addVia(point)],
      ['reach', t('map.reach'), () => setOrigin(point, 'reach')],
      ['nearest', t('map.nearest'), () => setOrigin(point, 'nearest')],
    ]);
    return all.map(([id, text, run]) => html`<button data-testid="inspect-${id}" @click=${run}>${text}</button>`);
  }

  /** What can be done with an open event, or with the event that closed an edge. */
  eventButtons(/** @type {string} */ id) {
    const event = deskStore.events.value.find((entry) => entry.id === id);
    if (!event) return '';
    return html`<button data-testid="inspect-desk" @click=${() => show(id)}>${t('inspect.desk')}</button>
      ${undoButton(event, 'inspect')}${undoQuestion(event)}`;
  }

  /** By which events the thing is closed, and until when. */
  closed() {
    const all = actingOn.value.filter((event) => event.properties.kind === 'closure' && isOpen(event));
    if (!all.length) return '';
    const told = all.map(({ id, properties: p }) => ({ id, title: p.title, valid_to: p.valid_to }));
    const until = closedUntil(told);
    return html`<div class="closed-by" role="status" data-testid="inspect-closed">
      <p><b>${until ? t('inspect.closed_until', { time: until }) : t('inspect.closed')}</b><br />${closers(told)}</p>
      <div class="actions">${all.map((event) => html`<button data-testid="inspect-closed-by" data-id=${event.id}
        @click=${() => show(event.id)}>${t('inspect.desk')}</button>`)}</div></div>`;
  }

  closeButton(/** @type {Layer} */ layer, /** @type {Feature} */ feature) {
    const scope = sessionStore.account.value?.scope ?? '';
    const codes = [feature.properties.admin_code, ...(feature.properties.admin_codes ?? [])].filter(Boolean);
    const outside = mayDecide() && codes.some((code) => !covers(scope, code));
    const allowed = mayDecide() && !outside;
    const open = deskStore.closing.value !== null;
    const why = t(outside ? 'inspect.outside' : 'inspect.sign_in_to_close');
    return html`<button class="danger" data-testid="inspect-close" ?disabled=${!allowed} title=${allowed ? '' : why}
      aria-expanded=${open} @click=${() => startClosing(open ? null : closureTarget(layer, feature))}>
      ${icon('barrier')}${t('inspect.close')}</button>
      ${allowed ? '' : html`<p class="hint" data-testid="inspect-close-why">${why}</p>`}`;
  }

  rows(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const known = (layer?.columns ?? []).filter(({ name }) => !HIDDEN.has(name) && name in feature.properties);
    return known.map((column) => html`<div><dt>${pick(column.title)}</dt><dd
      data-testid="prop-${column.name}">${value(column, feature.properties[column.name])}</dd></div>`);
  }

  geometry(/** @type {Feature} */ feature) {
    const { length, area } = measure(feature.geometry);
    const at = feature.geometry?.type === 'Point' ? feature.geometry.coordinates : null;
    const place = at && html`<span class="num">${at[0].toFixed(5)}, ${at[1].toFixed(5)}</span>`;
    return html`
      ${length === null || 'length_m' in feature.properties ? '' : fact(t('inspect.length'), distance(length))}
      ${area === null ? '' : fact(t('inspect.area_size'), surface(area))}
      ${place ? fact(t('inspect.position'), place) : ''}`;
  }

  provenance(/** @type {Layer | undefined} */ layer, /** @type {Feature} */ feature) {
    const all = layer?.source ?? [];
    const own = all.filter((source) => /** @type {any} */ (source).id === feature.properties.source_id);
    const origin = feature.properties.origin;
    return html`<h4>${t('inspect.source')}</h4>
      <dl class="provenance">
        ${origin
          ? html`<div><dt>${t('origin.title')}</dt><dd data-testid="inspect-origin">${badge(origin)}</dd></div>`
          : ''}
        ${(own.length ? own : all).map((source) => html`
          ${fact(t('inspect.source'), pick(source.title))}
          ${fact(t('inspect.license'), licence(source))}
          ${fact(t('inspect.attribution'), source.attribution)}`)}
      </dl>`;
  }
}

define('sg-inspector', Inspector);
