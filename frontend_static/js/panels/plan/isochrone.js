// @ts-check
/** <sg-reach>: how far one gets from a place, or to it; contours with their exact areas. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { MOST_CONTOURS } from '../../core/hash.js';
import { number, pick, t } from '../../core/i18n.js';
import { contourValue, contoursOf, retryReach } from '../../model/reach.js';
import { data, url } from '../../core/store.js';
import { showExtent } from '../../map/camera.js';
import { contourColour } from '../../map/colours.js';
import { profile } from '../../model/profiles.js';
import { badge, busy, failure } from '../widgets.js';
import '../browse/origin_strip.js';

/** @typedef {import('../../core/types.js').Feature} Feature */

const UNITS = /** @type {const} */ (['min', 'km']);
const WAYS = /** @type {const} */ (['from', 'to']);

class Reach extends Part {
  render() {
    const state = data.reach.value;
    const { way, unit, values } = url.contours.value;
    const choose = (/** @type {'way' | 'unit'} */ field, /** @type {any} */ value) => (url.contours.value = { ...url.contours.peek(), [field]: value });
    return html`<sg-origin></sg-origin>
      <label class="field">${t('reach.way')}<select data-testid="reach-way" @change=${(/** @type {any} */ e) => choose('way', e.target.value)}>
        ${WAYS.map((name) => html`<option value=${name} ?selected=${name === way}>${t(`reach.${name}`)}</option>`)}</select></label>
      <label class="field">${t('reach.unit')}<select data-testid="reach-unit" @change=${(/** @type {any} */ e) => choose('unit', e.target.value)}>
        ${UNITS.map((name) => html`<option value=${name} ?selected=${name === unit}>${t(`reach.${name}`)}</option>`)}</select></label>
      <label class="field">${t('reach.contours')}<input type="text" class="num" data-testid="reach-contours" inputmode="numeric" .value=${values.join(', ')} @change=${this.setValues} /></label>
      ${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted" data-testid="reach-empty">${t('reach.empty')}</p>` : ''}
        ${state.state === 'error' ? failure(state.error, retryReach, 'reach-retry') : ''}
      </div>
      ${'features' in state && state.features.length ? this.table(state.features) : ''}`;
  }

  setValues(/** @type {Event} */ event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const all = field.value.split(/[^\d.]+/).map(Number).filter((value) => value > 0 && value <= 1000);
    const values = [...new Set(all)].sort((a, b) => a - b).slice(0, MOST_CONTOURS);
    if (values.length) url.contours.value = { ...url.contours.peek(), values };
    field.value = url.contours.peek().values.join(', ');
  }

  table(/** @type {Feature[]} */ features) {
    const { way, unit } = url.contours.value;
    const all = contoursOf(data.reach.value).reverse();
    const box = () => extent(all[all.length - 1].geometry);
    return html`<div class="reach-legend" data-testid="reach-legend">
      <p class="scale-name"><span>${t(unit === 'min' ? 'reach.scale_min' : 'reach.scale_km')} · ${t(`reach.${way}`)} · ${pick(profile()?.title)}</span>${badge('derived')}</p>
      <table class="compare"><caption class="sr">${t('plan.reach')}</caption>
        <thead><tr><th scope="col">${t('reach.within')}</th><th scope="col">${t('inspect.area_size')} (km²)</th></tr></thead>
        <tbody>${all.map((feature, index) => html`<tr data-testid="reach-row" data-value=${contourValue(feature)} data-area=${feature.properties.area_km2}>
          <th scope="row"><span class="swatch" style="--swatch:${contourColour(index, all.length, url.theme.value)}" aria-hidden="true"></span>${number(contourValue(feature), 1)} ${t(`reach.${unit}`)}</th>
          <td>${number(feature.properties.area_km2, 1)}</td></tr>`)}</tbody></table>
      <p class="hint">${t('reach.note', { version: features[0].properties.network_version, metres: number(features[0].properties.resolution_m ?? 0) })}</p>
      <button data-testid="reach-zoom" @click=${() => { const at = box(); if (at) showExtent(at); }}>${t('inspect.zoom')}</button>
    </div>`;
  }
}

define('sg-reach', Reach);
