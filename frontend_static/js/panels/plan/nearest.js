// @ts-check
/** <sg-nearest>: facilities of a layer by driving time; a click draws the path. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { anchor } from '../../core/geo.js';
import { anonymous, distance, duration, nameOf, number, pick, t } from '../../core/i18n.js';
import { findLayer, layerStore } from '../../model/layers.js';
import { planStore, setNear } from '../../model/plan.js';
import { drive, retryReach } from '../../model/reach.js';
import { select } from '../../model/selection.js';
import { badge, busy, failure, icon } from '../widgets.js';
import './origin.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/types.js').Layer} Layer */

const WAYS = /** @type {const} */ (['to_point', 'from_point']);
const MINUTES = [15, 30, 60, 120, 240];

class Nearest extends Part {
  render() {
    const state = planStore.nearest.value;
    const { layer, minutes } = planStore.near.value;
    const none = state.state === 'ready' && !state.features.length;
    return html`<sg-origin></sg-origin>
      ${this.question()}
      ${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted" data-testid="near-empty">${t('near.empty')}</p>` : ''}
        ${state.state === 'error' ? failure(state.error, retryReach, 'near-retry') : ''}
        ${none
          ? html`<p class="muted" data-testid="near-none">${t('near.none', { time: duration(minutes * 60) })}</p>`
          : ''}
      </div>
      ${'features' in state && layer
        ? html`<ol class="near" data-testid="near-list">${state.features.map((f, at) => this.row(f, layer, at))}</ol>`
        : ''}`;
  }

  question() {
    const { layer, way, minutes } = planStore.near.value;
    const all = layerStore.catalogue.value?.layers ?? [];
    const layers = all.filter((one) => one.geometry === 'point' && one.count > 0);
    const title = (/** @type {Layer} */ one) => `${pick(one.title)} (${number(one.count)})`;
    const times = [...new Set([...MINUTES, minutes])].sort((a, b) => a - b);
    const option = (/** @type {string | number} */ value, /** @type {boolean} */ current, /** @type {string} */ text) =>
      html`<option value=${value} ?selected=${current}>${text}</option>`;
    return html`<label class="field">${t('near.layer')}<select data-testid="near-layer"
        @change=${(/** @type {any} */ e) => setNear({ layer: e.target.value || null })}>
        ${option('', !layer, t('near.choose'))}
        ${layers.map((one) => option(one.id, one.id === layer, title(one)))}</select></label>
      <label class="field">${t('reach.way')}<select data-testid="near-way"
        @change=${(/** @type {any} */ e) => setNear({ way: e.target.value })}>
        ${WAYS.map((name) => option(name, name === way, t(`near.${name}`)))}</select></label>
      <label class="field">${t('near.within')}<select data-testid="near-minutes"
        @change=${(/** @type {any} */ e) => setNear({ minutes: Number(e.target.value) })}>
        ${times.map((value) => option(value, value === minutes, duration(value * 60)))}</select></label>`;
  }

  row(/** @type {Feature} */ feature, /** @type {string} */ layer, /** @type {number} */ index) {
    const p = feature.properties;
    const name = nameOf(p, anonymous(findLayer(layer)?.title, feature.id));
    const at = anchor(feature.geometry);
    const on = at !== null && planStore.waypoints.value.some((stop) => {
      return stop !== null && stop.label === name && Math.abs(stop.lon - at[0]) < 1e-6;
    });
    return html`<li><button class="near-row ${on ? 'on' : ''}" data-testid="near-row" data-id=${feature.id}
        data-duration=${p.duration_s} aria-pressed=${on} ?disabled=${!at} title=${t('near.draw')}
        @click=${() => at && drive({ lon: at[0], lat: at[1], label: name })}>
        <span class="tag">${index + 1}</span><span class="grow">${name} ${p.origin
          ? badge(p.origin, { bare: true })
          : ''}</span><b class="num">${duration(p.duration_s)}</b><span
          class="num muted">${distance(p.length_m)}</span></button>
      <button class="mini" data-testid="near-inspect" title=${t('side.inspect')}
        aria-label="${t('side.inspect')}: ${name}"
        @click=${() => select({ layer, id: String(feature.id) })}>${icon('info')}</button></li>`;
  }
}

define('sg-nearest', Nearest);
