// @ts-check
/** <sg-maptools>: measuring and drawing, the home view, cursor position, attribution. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { lineLength, ringArea } from '../../core/geo.js';
import { distance, surface, t } from '../../core/i18n.js';
import { goHome, turnSpace } from '../../map/camera.js';
import { icon } from '../widgets.js';
import { skyStore, switchFlights } from '../../model/sky.js';
import { cutAlong } from '../../model/section.js';
import '../desk/closure_form.js';
import { drawStore, startDraw } from '../../model/draw.js';
import { viewStore } from '../../model/view.js';
import { attributions, layerStore } from '../../model/layers.js';
import { mayDecide } from '../../model/session.js';
import { deskStore, startClosing } from '../../model/events.js';

class MapTools extends Part {
  render() {
    const { mode } = drawStore.state.value;
    return html`<div class="map-tools" role="toolbar" aria-label=${t('top.tools')}>
        <button data-testid="map-home" aria-label=${t('map.home')} title=${t('map.home')}
          @click=${goHome}>${icon('home')}</button>
        ${this.view('space', 'cube', skyStore.space.value === '3d', turnSpace)}
        ${this.view('flights', 'flight', skyStore.flights.value, switchFlights)}
        ${this.tool('distance', 'ruler')}
        ${this.tool('area', 'area')}
        ${mayDecide() ? this.tool('closure', 'barrier') : ''}
      </div>
      ${mode ? this.card() : ''}`;
  }

  view(/** @type {'space' | 'flights'} */ name, /** @type {string} */ shape, /** @type {boolean} */ on,
    /** @type {() => void} */ run) {
    const label = t(`sky.${name}`);
    return html`<button data-testid="map-${name}" aria-pressed=${on} aria-label=${label} title=${label}
      @click=${run}>${icon(shape)}</button>`;
  }

  tool(/** @type {'distance' | 'area' | 'closure'} */ name, /** @type {string} */ shape) {
    const on = drawStore.state.value.mode === name;
    const label = t(`draw.${name}`);
    return html`<button data-testid="draw-${name}" aria-pressed=${on} aria-label=${label} title=${label}
      @click=${() => startDraw(on ? null : name)}>${icon(shape)}</button>`;
  }

  card() {
    const { mode, points = [], done } = drawStore.state.value;
    const closing = deskStore.closing.value && mode === 'closure';
    return html`<div class="draw-card" data-testid="draw-card" role="status">
      <h4>${t(/** @type {any} */ (`draw.${mode}`))}</h4>
      ${this.size(mode, points)}
      ${done ? '' : html`<p class="muted">${t(mode === 'point' ? 'draw.hint_point' : 'draw.hint')}</p>`}
      ${closing ? html`<sg-closure></sg-closure>` : this.actions(mode, points, Boolean(done))}
    </div>`;
  }

  size(/** @type {string | null} */ mode, /** @type {[number, number][]} */ points) {
    const length = () => distance(lineLength(points));
    if (mode === 'point') return '';
    if (mode === 'distance' || mode === 'line') {
      return points.length > 1 ? html`<p><b class="num" data-testid="draw-length">${length()}</b></p>` : '';
    }
    if (points.length < 4) return '';
    return html`<p><b class="num" data-testid="draw-size">${surface(ringArea(points.slice(0, -1)))}</b>
      <span class="muted">${t('draw.perimeter')} ${length()}</span></p>`;
  }

  actions(/** @type {string | null} */ mode, /** @type {[number, number][]} */ points, /** @type {boolean} */ done) {
    const target = { polygon: { type: 'Polygon', coordinates: [points] } };
    const close = () => startClosing({ label: t('closure.polygon'), target, directed: true });
    const cut = () => {
      cutAlong(points);
      startDraw(null);
    };
    return html`<div class="actions">
      ${mode === 'distance' && done
        ? html`<button class="primary" data-testid="draw-section" @click=${cut}>${t('sky.cut')}</button>`
        : ''}
      ${mode === 'closure' && done
        ? html`<button class="danger" data-testid="draw-close-area" @click=${close}>${t('draw.close_area')}</button>`
        : ''}
      <button data-testid="draw-clear" @click=${() => startDraw(null)}>${t('draw.clear')}</button>
    </div>`;
  }
}

class MapFoot extends Part {
  render() {
    const at = viewStore.cursor.value ?? viewStore.camera.value;
    const place = at ? `${at.lng.toFixed(4)}, ${at.lat.toFixed(4)}` : '';
    const text = `${place} · z${viewStore.zoom.value.toFixed(1)}`;
    const review = layerStore.catalogue.value?.review_number;
    return html`<span class="cursor num" data-testid="cursor" aria-label=${t('map.cursor')}>${text}</span>
      <span class="attribution" data-testid="attribution">${attributions().join(' · ')}${review
        ? html` · ${t('export.review')} ${review}`
        : ''}</span>`;
  }
}

define('sg-maptools', MapTools);
define('sg-mapfoot', MapFoot);
