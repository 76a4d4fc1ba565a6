// @ts-check
/** <sg-maptools>: measuring and drawing, the home view, cursor position, attribution. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { mayDecide } from '../../model/events.js';
import { lineLength, ringArea } from '../../core/geo.js';
import { distance, surface, t } from '../../core/i18n.js';
import { data, url } from '../../core/store.js';
import { goHome } from '../../map/camera.js';
import { startDraw } from '../../map/draw.js';
import { theMap } from '../../map/instance.js';
import { attributions } from '../../map/map.js';
import { icon } from '../widgets.js';
import '../desk/closure_form.js';

class MapTools extends Part {
  render() {
    const { mode } = data.draw.value;
    const tool = (/** @type {'distance' | 'area' | 'closure'} */ name, /** @type {string} */ shape) => html`<button data-testid="draw-${name}" aria-pressed=${mode === name}
      aria-label=${t(`draw.${name}`)} title=${t(`draw.${name}`)} @click=${() => startDraw(mode === name ? null : name)}>${icon(shape)}</button>`;
    return html`<div class="map-tools" role="toolbar" aria-label=${t('top.tools')}>
        <button data-testid="map-home" aria-label=${t('map.home')} title=${t('map.home')} @click=${goHome}>${icon('home')}</button>
        ${tool('distance', 'ruler')}${tool('area', 'area')}${mayDecide() ? tool('closure', 'barrier') : ''}
      </div>
      ${mode ? this.card() : ''}`;
  }

  card() {
    const { mode, points = [], done } = data.draw.value;
    const ring = mode !== 'distance' && points.length > 3;
    return html`<div class="draw-card" data-testid="draw-card" role="status">
      <h4>${t(/** @type {any} */ (`draw.${mode}`))}</h4>
      ${mode === 'distance' && points.length > 1 ? html`<p><b class="num" data-testid="draw-length">${distance(lineLength(points))}</b></p>` : ''}
      ${ring ? html`<p><b class="num" data-testid="draw-size">${surface(ringArea(points.slice(0, -1)))}</b> <span class="muted">${t('draw.perimeter')} ${distance(lineLength(points))}</span></p>` : ''}
      ${done ? '' : html`<p class="muted">${t('draw.hint')}</p>`}
      ${data.closing.value && mode === 'closure' ? html`<sg-closure></sg-closure>` : this.actions(mode, points, Boolean(done))}
    </div>`;
  }

  actions(/** @type {string | null} */ mode, /** @type {[number, number][]} */ points, /** @type {boolean} */ done) {
    const close = () =>
      (data.closing.value = {
        label: t('closure.polygon'),
        target: { polygon: { type: 'Polygon', coordinates: [points] } },
        directed: true,
      });
    return html`<div class="actions">
      ${mode === 'closure' && done ? html`<button class="danger" data-testid="draw-close-area" @click=${close}>${t('draw.close_area')}</button>` : ''}
      <button data-testid="draw-clear" @click=${() => startDraw(null)}>${t('draw.clear')}</button>
    </div>`;
  }
}

class MapFoot extends Part {
  static properties = { cursor: { state: true } };

  constructor() {
    super();
    /** @type {{ lng: number, lat: number } | null} */
    this.cursor = null;
    this.bound = false;
  }

  render() {
    const map = theMap.value;
    if (map && !this.bound) {
      this.bound = true;
      map.on('mousemove', (event) => (this.cursor = event.lngLat));
    }
    const at = this.cursor ?? url.camera.value;
    const review = data.catalogue.value?.review_number;
    return html`<span class="cursor num" data-testid="cursor" aria-label=${t('map.cursor')}>${at ? `${at.lng.toFixed(4)}, ${at.lat.toFixed(4)}` : ''} · z${data.zoom.value.toFixed(1)}</span>
      <span class="attribution" data-testid="attribution">${attributions().join(' · ')}${review ? html` · ${t('export.review')} ${review}` : ''}</span>`;
  }
}

define('sg-maptools', MapTools);
define('sg-mapfoot', MapFoot);
