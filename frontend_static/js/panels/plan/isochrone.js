// @ts-check
/** <sg-reach>: how far one gets from a place, or to it; contours with their exact areas. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { MOST_CONTOURS } from '../../core/hash.js';
import { number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { contourColour } from '../../map/colours.js';
import { planStore, setContours } from '../../model/plan.js';
import { profile } from '../../model/profiles.js';
import { contourValue, contoursOf, retryReach } from '../../model/reach.js';
import { shellStore } from '../../model/shell.js';
import { badge, busy, failure } from '../widgets.js';
import './origin.js';

/** @typedef {import('../../core/types.js').Feature} Feature */

const UNITS = /** @type {const} */ (['min', 'km']);
const WAYS = /** @type {const} */ (['from', 'to']);
const MOST = 1000;

class Reach extends Part {
  render() {
    const state = planStore.reach.value;
    const { way, unit, values } = planStore.contours.value;
    return html`<sg-origin></sg-origin>
      ${this.choice('way', WAYS, way)}
      ${this.choice('unit', UNITS, unit)}
      <label class="field">${t('reach.contours')}<input type="text" class="num" data-testid="reach-contours"
        inputmode="numeric" .value=${values.join(', ')} @change=${this.setValues} /></label>
      ${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted" data-testid="reach-empty">${t('reach.empty')}</p>` : ''}
        ${state.state === 'error' ? failure(state.error, retryReach, 'reach-retry') : ''}
      </div>
      ${'features' in state && state.features.length ? this.table(state.features) : ''}`;
  }

  /** @param {'way' | 'unit'} field @param {readonly ('min' | 'km' | 'from' | 'to')[]} names @param {string} current */
  choice(field, names, current) {
    const options = names.map((name) => {
      return html`<option value=${name} ?selected=${name === current}>${t(`reach.${name}`)}</option>`;
    });
    return html`<label class="field">${t(`reach.${field}`)}<select data-testid="reach-${field}"
      @change=${(/** @type {any} */ e) => setContours({ [field]: e.target.value })}>${options}</select></label>`;
  }

  setValues(/** @type {Event} */ event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const all = field.value.split(/[^\d.]+/).map(Number).filter((value) => value > 0 && value <= MOST);
    const values = [...new Set(all)].sort((a, b) => a - b).slice(0, MOST_CONTOURS);
    if (values.length) setContours({ values });
    field.value = planStore.contours.peek().values.join(', ');
  }

  table(/** @type {Feature[]} */ features) {
    const { way, unit } = planStore.contours.value;
    const all = contoursOf(planStore.reach.value).reverse();
    const scale = t(unit === 'min' ? 'reach.scale_min' : 'reach.scale_km');
    const basis = [scale, t(`reach.${way}`), pick(profile()?.title)].join(' · ');
    const { network_version: version, resolution_m: resolution } = features[0].properties;
    const zoom = () => {
      const box = extent(all[all.length - 1].geometry);
      if (box) showExtent(box);
    };
    return html`<div class="reach-legend" data-testid="reach-legend">
      <p class="scale-name"><span>${basis}</span>${badge('derived')}</p>
      <table class="compare"><caption class="sr">${t('plan.reach')}</caption>
        <thead><tr><th scope="col">${t('reach.within')}</th><th
          scope="col">${t('inspect.area_size')} (km²)</th></tr></thead>
        <tbody>${all.map((feature, index) => this.row(feature, index, all.length))}</tbody></table>
      <p class="hint">${t('reach.note', { version, metres: number(resolution ?? 0) })}</p>
      <button data-testid="reach-zoom" @click=${zoom}>${t('inspect.zoom')}</button>
    </div>`;
  }

  row(/** @type {Feature} */ feature, /** @type {number} */ index, /** @type {number} */ count) {
    const value = contourValue(feature);
    const area = feature.properties.area_km2;
    const colour = contourColour(index, count, shellStore.theme.value);
    const unit = t(`reach.${planStore.contours.value.unit}`);
    return html`<tr data-testid="reach-row" data-value=${value} data-area=${area}>
      <th scope="row"><span class="swatch" style="--swatch:${colour}"
        aria-hidden="true"></span>${number(value, 1)} ${unit}</th>
      <td>${number(area, 1)}</td></tr>`;
  }
}

define('sg-reach', Reach);
