// @ts-check
/** <sg-map>: the MapLibre map, its controls, and its ties to the store. */
import { effect } from '@preact/signals-core';
import { html } from 'lit';
import * as maplibregl from 'maplibre-gl';
import { address, explain, request } from '../core/api.js';
import { Part, define } from '../core/base.js';
import { findLayer } from '../core/catalog.js';
import { pick, t } from '../core/i18n.js';
import { select, selectNear } from '../model/select.js';
import { data, shown, toast, url } from '../core/store.js';
import { supplyImages } from '../core/icons.js';
import { watchDrag } from './drag.js';
import { withOverlay } from './layers.js';
import { overlayData } from './overlay.js';
import { placeHome, showExtent, whenAway } from './camera.js';
import { mapErrors, theMap } from './instance.js';

/** @typedef {import('maplibre-gl').StyleSpecification} Style */

const CLICK_PX = 6;
/** Hangzhou Bay with its three shores. */
const FIRST_VIEW = { lng: 121.1, lat: 30.35, zoom: 8, bearing: 0, pitch: 0 };
const FONTS = ['16px "Noto Sans SC"', '16px Inter', '600 16px Inter'];

const layerOf = (/** @type {any} */ styleLayer) => /** @type {string | undefined} */ (styleLayer.metadata?.['sigang:layer']);

const reduced = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function note(/** @type {unknown} */ error) {
  const text = explain(error);
  if (!mapErrors.includes(text)) mapErrors.push(text);
}

/** Fetch the style of the theme and language, with the switched layers and the overlay in it. */
async function fetchStyle() {
  const theme = url.theme.peek();
  /** @type {Style} */
  const style = await request(`styles/${theme}`, { params: { lang: url.lang.peek() } });
  const on = new Set(shown.peek());
  for (const layer of style.layers) {
    const id = layerOf(layer);
    if (id) layer.layout = { .../** @type {any} */ (layer.layout), visibility: on.has(id) ? 'visible' : 'none' };
  }
  for (const source of Object.values(style.sources)) {
    if ('tiles' in source && source.tiles) source.tiles = source.tiles.map(absolute);
  }
  return withOverlay(style, theme);
}

const absolute = (/** @type {string} */ template) =>
  /^https?:/.test(template) ? template : address(template).replace(/%7B/g, '{').replace(/%7D/g, '}');

export class MapView extends Part {
  static properties = { failed: { state: true } };

  constructor() {
    super();
    /** @type {Error | null} */
    this.failed = null;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  render() {
    return html`
      <div class="map-canvas" id="map" role="application" tabindex="-1" aria-label=${t('map.label')}></div>
      ${this.failed
        ? html`<div class="map-failed" role="alert">
            <p>${t('map.failed')}: ${explain(this.failed)}</p>
            <button data-testid="map-retry" @click=${() => this.begin()}>${t('app.retry')}</button>
          </div>`
        : ''}
    `;
  }

  firstUpdated() {
    const stop = effect(() => {
      if (!data.catalogue.value) return;
      queueMicrotask(() => {
        stop();
        this.begin();
      });
    });
  }

  async begin() {
    try {
      this.failed = null;
      const [style] = await Promise.all([fetchStyle(), ...FONTS.map((font) => document.fonts.load(font, '浙江 A'))]);
      if (!theMap.peek()) this.build(style);
    } catch (error) {
      this.failed = /** @type {Error} */ (error);
      note(error);
    }
  }

  build(/** @type {Style} */ style) {
    const camera = url.camera.peek();
    const first = style.center ? { ...FIRST_VIEW, lng: style.center[0], lat: style.center[1], zoom: style.zoom ?? FIRST_VIEW.zoom } : FIRST_VIEW;
    const center = camera ?? first;
    placeHome(first);
    const map = new maplibregl.Map({
      container: /** @type {HTMLElement} */ (this.querySelector('#map')),
      style,
      center: [center.lng, center.lat],
      zoom: center.zoom,
      bearing: center.bearing,
      pitch: center.pitch,
      attributionControl: false,
      fadeDuration: reduced() ? 0 : 200,
      maxPitch: 60,
      minZoom: 3,
      maxZoom: 18,
      locale: controlTexts(),
    });
    theMap.value = map;
    supplyImages(map, note);
    map.addControl(new maplibregl.NavigationControl({ visualizePitch: true }), 'top-right');
    map.addControl(new maplibregl.ScaleControl({ maxWidth: 120, unit: 'metric' }), 'bottom-right');
    map.on('error', (event) => note(event.error));
    map.on('webglcontextlost', () => toast({ kind: 'warn', text: t('map.lost') }));
    map.getCanvas().setAttribute('aria-hidden', 'true');
    map.getCanvas().setAttribute('tabindex', '-1');
    this.listen(map);
    watchDrag(map);
    this.follow(map);
    document.documentElement.dataset.ready = 'map';
  }

  /** The map tells the store. */
  listen(/** @type {maplibregl.Map} */ map) {
    const moved = () => {
      const { lng, lat } = map.getCenter();
      url.camera.value = { lng, lat, zoom: map.getZoom(), bearing: map.getBearing(), pitch: map.getPitch() };
      const box = map.getBounds();
      data.bounds.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    };
    map.on('moveend', moved);
    map.on('zoom', () => (data.zoom.value = map.getZoom()));
    moved();
    data.zoom.value = map.getZoom();
    map.on('click', (event) => {
      if (data.draw.peek().mode === null) this.probe(map, event.point);
    });
    map.on('contextmenu', (event) => {
      event.preventDefault();
      this.openMenu(event.point.x, event.point.y, [event.lngLat.lng, event.lngLat.lat]);
    });
    this.querySelector('#map')?.addEventListener('keydown', (event) => this.key(map, /** @type {KeyboardEvent} */ (event)));
  }

  openMenu(/** @type {number} */ x, /** @type {number} */ y, /** @type {[number, number]} */ lngLat) {
    this.dispatchEvent(new CustomEvent('map-menu', { bubbles: true, detail: { x, y, lngLat } }));
  }

  key(/** @type {maplibregl.Map} */ map, /** @type {KeyboardEvent} */ event) {
    if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault();
      const { lng, lat } = map.getCenter();
      const { clientWidth, clientHeight } = map.getContainer();
      this.openMenu(clientWidth / 2, clientHeight / 2, [lng, lat]);
    }
  }

  /** Find what lies under a click: points before lines before areas, upper before lower. */
  async probe(/** @type {maplibregl.Map} */ map, /** @type {{ x: number, y: number }} */ point) {
    const box = /** @type {[[number, number], [number, number]]} */ ([
      [point.x - CLICK_PX, point.y - CLICK_PX],
      [point.x + CLICK_PX, point.y + CLICK_PX],
    ]);
    const other = map.queryRenderedFeatures(box).find((hit) => hit.layer.source === 'sg-path' && hit.properties.part === 'other');
    if (other) {
      url.choice.value = Number(other.properties.rank);
      url.panel.value = 'path';
      return;
    }
    const rank = { Point: 0, MultiPoint: 0, LineString: 1, MultiLineString: 1, Polygon: 2, MultiPolygon: 2 };
    const hits = map
      .queryRenderedFeatures(box)
      .filter((hit) => layerOf(hit.layer) && findLayer(layerOf(hit.layer)))
      .sort((a, b) => rank[/** @type {keyof typeof rank} */ (a.geometry.type)] - rank[/** @type {keyof typeof rank} */ (b.geometry.type)]);
    const hit = hits[0];
    if (!hit) return select(null);
    const layer = /** @type {string} */ (layerOf(hit.layer));
    if (hit.properties.id) return select({ layer, id: String(hit.properties.id) });
    const [a, b] = [map.unproject(box[0]), map.unproject(box[1])];
    await selectNear(layer, [a.lng, b.lat, b.lng, a.lat], hit.properties).catch(note);
  }

  /** The store tells the map. */
  follow(/** @type {maplibregl.Map} */ map) {
    let ready = false;
    map.once('style.load', () => (ready = true));
    const styled = `${url.theme.peek()} ${url.lang.peek()} ${data.catalogue.peek()?.version}`;
    let last = styled;
    this.stops.push(
      effect(() => {
        const wanted = `${url.theme.value} ${url.lang.value} ${data.catalogue.value?.version}`;
        if (wanted !== last) {
          last = wanted;
          fetchStyle().then((style) => wanted === last && map.setStyle(style, { diff: true }), note);
        }
      }),
      effect(() => {
        const on = new Set(shown.value);
        if (!ready) return;
        for (const layer of map.getStyle().layers) {
          const id = layerOf(layer);
          if (id) map.setLayoutProperty(layer.id, 'visibility', on.has(id) ? 'visible' : 'none');
        }
      }),
      effect(() => {
        for (const [id, content] of Object.entries(overlayData())) {
          const source = /** @type {maplibregl.GeoJSONSource | undefined} */ (map.getSource(id));
          source?.setData(content);
        }
      }),
      effect(() => this.refresh(map, data.bumps.value)),
      effect(() => whenAway(map, url.camera.value)),
      effect(() => {
        if (data.fit.value) showExtent(data.fit.value);
      }),
    );
  }

  /** @type {Record<string, number>} */
  seen = {};

  refresh(/** @type {maplibregl.Map} */ map, /** @type {Record<string, number>} */ bumps) {
    for (const [layer, count] of Object.entries(bumps)) {
      if (this.seen[layer] === count) continue;
      this.seen[layer] = count;
      if (map.getSource(layer)) map.refreshTiles(layer);
    }
  }
}

const controlTexts = () => ({
  'NavigationControl.ZoomIn': url.lang.peek() === 'zh' ? '放大' : 'Zoom in',
  'NavigationControl.ZoomOut': url.lang.peek() === 'zh' ? '缩小' : 'Zoom out',
  'NavigationControl.ResetBearing': url.lang.peek() === 'zh' ? '正北朝上' : 'Reset north',
});

/** Sources of the layers on show, as attribution lines; first those that must never be cut off. */
export function attributions() {
  const lines = new Set();
  for (const id of shown.value) {
    for (const source of findLayer(id)?.source ?? []) {
      for (const part of (source.attribution || pick(source.title)).split('; ')) lines.add(part);
    }
  }
  const first = (/** @type {string} */ line) => Number(line.includes('OpenStreetMap'));
  return [...lines].sort((a, b) => first(b) - first(a));
}

define('sg-map', MapView);
