// @ts-check
/** <sg-nearest>: facilities of a layer by driving time; a click draws the path. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { anchor } from '../../core/geo.js';
import { anonymous, distance, duration, nameOf, number, pick, t } from '../../core/i18n.js';
import { findLayer } from '../../core/catalog.js';
import { drive, retryReach } from '../../model/reach.js';
import { select } from '../../model/select.js';
import { data, url } from '../../core/store.js';
import { badge, busy, failure, icon } from '../widgets.js';
import '../browse/origin_strip.js';

/** @typedef {import('../../core/types.js').Feature} Feature */

const WAYS = /** @type {const} */ (['to_point', 'from_point']);
const MINUTES = [15, 30, 60, 120, 240];

class Nearest extends Part {
  render() {
    const state = data.nearest.value;
    const { layer, way, minutes } = url.near.value;
    const change = (/** @type {string} */ field) => (/** @type {any} */ e) => (url.near.value = { ...url.near.peek(), [field]: field === 'minutes' ? Number(e.target.value) : e.target.value || null });
    const layers = (data.catalogue.value?.layers ?? []).filter((entry) => entry.geometry === 'point' && entry.count > 0);
    return html`<sg-origin></sg-origin>
      <label class="field">${t('near.layer')}<select data-testid="near-layer" @change=${change('layer')}>
        <option value="" ?selected=${!layer}>${t('near.choose')}</option>
        ${layers.map((entry) => html`<option value=${entry.id} ?selected=${entry.id === layer}>${pick(entry.title)} (${number(entry.count)})</option>`)}</select></label>
      <label class="field">${t('reach.way')}<select data-testid="near-way" @change=${change('way')}>
        ${WAYS.map((name) => html`<option value=${name} ?selected=${name === way}>${t(`near.${name}`)}</option>`)}</select></label>
      <label class="field">${t('near.within')}<select data-testid="near-minutes" @change=${change('minutes')}>
        ${[...new Set([...MINUTES, minutes])].sort((a, b) => a - b).map((value) => html`<option value=${value} ?selected=${value === minutes}>${duration(value * 60)}</option>`)}</select></label>
      ${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted" data-testid="near-empty">${t('near.empty')}</p>` : ''}
        ${state.state === 'error' ? failure(state.error, retryReach, 'near-retry') : ''}
        ${state.state === 'ready' && !state.features.length ? html`<p class="muted" data-testid="near-none">${t('near.none', { time: duration(minutes * 60) })}</p>` : ''}
      </div>
      ${'features' in state && layer ? html`<ol class="near" data-testid="near-list">${state.features.map((feature, index) => this.row(feature, layer, index))}</ol>` : ''}`;
  }

  row(/** @type {Feature} */ feature, /** @type {string} */ layer, /** @type {number} */ index) {
    const p = feature.properties;
    const name = nameOf(p, anonymous(findLayer(layer)?.title, feature.id));
    const at = anchor(feature.geometry);
    const on = at !== null && url.waypoints.value.some((stop) => stop !== null && stop.label === name && Math.abs(stop.lon - at[0]) < 1e-6);
    return html`<li><button class="near-row ${on ? 'on' : ''}" data-testid="near-row" data-id=${feature.id} data-duration=${p.duration_s} aria-pressed=${on} ?disabled=${!at}
        title=${t('near.draw')} @click=${() => at && drive({ lon: at[0], lat: at[1], label: name })}>
        <span class="tag">${index + 1}</span><span class="grow">${name} ${p.origin ? badge(p.origin, { bare: true }) : ''}</span><b class="num">${duration(p.duration_s)}</b><span class="num muted">${distance(p.length_m)}</span></button>
      <button class="mini" data-testid="near-inspect" title=${t('side.inspect')} aria-label="${t('side.inspect')}: ${name}" @click=${() => select({ layer, id: String(feature.id) })}>${icon('info')}</button></li>`;
  }
}

define('sg-nearest', Nearest);
