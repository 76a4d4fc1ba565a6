// @ts-check
/** <sg-map>: the MapLibre map, its controls, and its ties to the store. */
import { effect } from '@preact/signals-core';
import { html } from 'lit';
import { address, explain, request } from '../core/api.js';
import { Part, define } from '../core/base.js';
import { decode } from '../core/hash.js';
import { t } from '../core/i18n.js';
import { supplyImages } from '../core/icons.js';
import { watchCells } from './cells.js';
import { watchDrag } from './drag.js';
import { withOverlay } from './layers.js';
import { overlayData } from './overlay.js';
import { showExtent, whenAway } from './camera.js';
import { note, theMap } from './instance.js';
import { moved, openMenu, placeHome, pointAt, viewStore, zoomed } from '../model/view.js';
import { boardStore } from '../model/board.js';
import { cellTiles } from '../model/cells.js';
import { drawStore } from '../model/draw.js';
import { toast } from '../model/toasts.js';
import { layerStore } from '../model/layers.js';
import { shellStore } from '../model/shell.js';
import { watchDraw } from './draw.js';
import { layerOf, probe } from './probe.js';
import { watchInForce } from './in_force.js';
import { watchOrder } from './order.js';
import { watchUnits } from './units.js';
import { watchBlocks } from './blocks.js';
import { Flights } from './flights.js';

/** @import * as maplibregl from 'maplibre-gl' */
/** @typedef {import('maplibre-gl').StyleSpecification} Style */

/** The library, on its way at once unless the page opens with the board, which does without. */
const soon = decode(location.hash).view === 'board' ? Promise.resolve(null) : import('maplibre-gl').catch(() => null);

/** Hangzhou Bay with its three shores. */
const FIRST_VIEW = { lng: 121.1, lat: 30.35, zoom: 8, bearing: 0, pitch: 0 };
const FONTS = ['16px "Noto Sans SC"', '16px Inter', '600 16px Inter'];

const visibility = (/** @type {boolean} */ on) => (on ? 'visible' : 'none');

const reduced = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Fetch the style of the theme and language, with the switched layers and the overlay in it. */
async function fetchStyle() {
  const theme = shellStore.theme.peek();
  /** @type {Style} */
  const style = await request(`styles/${theme}`, { params: { lang: shellStore.lang.peek() } });
  const on = new Set(layerStore.shown.peek());
  for (const layer of style.layers) {
    const id = layerOf(layer);
    if (id) layer.layout = { .../** @type {any} */ (layer.layout), visibility: visibility(on.has(id)) };
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
    /** @type {Flights | null} */
    this.flights = null;
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
      if (!layerStore.catalogue.value || boardStore.view.value === 'board') return;
      queueMicrotask(() => {
        stop();
        this.begin();
      });
    });
  }

  async begin() {
    try {
      this.failed = null;
      const [library, style] = await Promise.all([
        soon.then((found) => found ?? import('maplibre-gl')),
        fetchStyle(),
        ...FONTS.map((font) => document.fonts.load(font, '浙江 A')),
      ]);
      if (!theMap.peek()) this.build(library, style);
    } catch (error) {
      this.failed = /** @type {Error} */ (error);
      note(error);
    }
  }

  build(/** @type {typeof maplibregl} */ library, /** @type {Style} */ style) {
    const camera = viewStore.camera.peek();
    const [lng, lat] = style.center ?? [FIRST_VIEW.lng, FIRST_VIEW.lat];
    const first = { ...FIRST_VIEW, lng, lat, zoom: (style.center && style.zoom) ?? FIRST_VIEW.zoom };
    const center = camera ?? first;
    placeHome(first);
    const map = new library.Map({
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
    map.addControl(new library.NavigationControl({ visualizePitch: true }), 'top-right');
    map.addControl(new library.ScaleControl({ maxWidth: 120, unit: 'metric' }), 'bottom-right');
    map.on('error', (event) => note(event.error));
    map.on('webglcontextlost', () => toast({ kind: 'warn', text: t('map.lost') }));
    map.getCanvas().setAttribute('aria-hidden', 'true');
    map.getCanvas().setAttribute('tabindex', '-1');
    this.flights = new Flights(map);
    this.listen(map, this.flights);
    watchDrag(map);
    watchDraw(map);
    this.follow(map);
    document.documentElement.dataset.ready = 'map';
  }

  /** The map tells the store. */
  listen(/** @type {maplibregl.Map} */ map, /** @type {Flights} */ flights) {
    const told = () => {
      const { lng, lat } = map.getCenter();
      const box = map.getBounds();
      moved(
        { lng, lat, zoom: map.getZoom(), bearing: map.getBearing(), pitch: map.getPitch() },
        [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()],
      );
    };
    map.on('moveend', (/** @type {any} */ event) => event.following || told());
    map.on('zoom', () => zoomed(map.getZoom()));
    map.on('mousemove', (event) => pointAt(event.lngLat));
    told();
    zoomed(map.getZoom());
    map.on('click', (event) => {
      if (drawStore.state.peek().mode !== null || cellTiles.peek()) return;
      if (!flights.take(event.point)) probe(map, event.point);
    });
    map.on('contextmenu', (event) => {
      event.preventDefault();
      openMenu({ x: event.point.x, y: event.point.y, lngLat: [event.lngLat.lng, event.lngLat.lat] });
    });
    const element = this.querySelector('#map');
    element?.addEventListener('keydown', (event) => this.key(map, /** @type {KeyboardEvent} */ (event)));
  }

  key(/** @type {maplibregl.Map} */ map, /** @type {KeyboardEvent} */ event) {
    if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      event.preventDefault();
      const { lng, lat } = map.getCenter();
      const { clientWidth, clientHeight } = map.getContainer();
      openMenu({ x: clientWidth / 2, y: clientHeight / 2, lngLat: [lng, lat] });
    }
  }

  /** The store tells the map. */
  follow(/** @type {maplibregl.Map} */ map) {
    let ready = false;
    map.once('style.load', () => (ready = true));
    const styled = `${shellStore.theme.peek()} ${shellStore.lang.peek()} ${layerStore.catalogue.peek()?.version}`;
    let last = styled;
    this.stops.push(
      effect(() => {
        const wanted = `${shellStore.theme.value} ${shellStore.lang.value} ${layerStore.catalogue.value?.version}`;
        if (wanted !== last) {
          last = wanted;
          fetchStyle().then((style) => wanted === last && map.setStyle(style, { diff: true }), note);
        }
      }),
      effect(() => {
        const on = new Set(layerStore.shown.value);
        if (!ready) return;
        for (const layer of map.getStyle().layers) {
          const id = layerOf(layer);
          if (id) map.setLayoutProperty(layer.id, 'visibility', visibility(on.has(id)));
        }
      }),
      effect(() => {
        for (const [id, content] of Object.entries(overlayData())) {
          const source = /** @type {maplibregl.GeoJSONSource | undefined} */ (map.getSource(id));
          source?.setData(content);
        }
      }),
      watchRows(map),
      watchCells(map),
      watchUnits(map),
      watchInForce(map),
      watchOrder(map),
      watchBlocks(map),
      effect(() => whenAway(map, viewStore.camera.value)),
      effect(() => {
        if (viewStore.fit.value) showExtent(viewStore.fit.value);
      }),
    );
  }
}

/** Fetch the tiles of the layers anew whose rows have changed. */
function watchRows(/** @type {maplibregl.Map} */ map) {
  /** @type {Record<string, number>} */
  let seen = {};
  return effect(() => {
    const bumps = layerStore.bumps.value;
    for (const [layer, count] of Object.entries(bumps)) {
      if (seen[layer] !== count && map.getSource(layer)) map.refreshTiles(layer);
    }
    seen = bumps;
  });
}

const controlTexts = () => {
  const zh = shellStore.lang.peek() === 'zh';
  return {
    'NavigationControl.ZoomIn': zh ? '放大' : 'Zoom in',
    'NavigationControl.ZoomOut': zh ? '缩小' : 'Zoom out',
    'NavigationControl.ResetBearing': zh ? '正北朝上' : 'Reset north',
  };
};

define('sg-map', MapView);
