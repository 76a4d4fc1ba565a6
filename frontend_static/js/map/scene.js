// @ts-check
/** The map as it is drawn: made from the style, told by the store and telling it. */
import { effect } from '@preact/signals-core';
import { address } from '../core/api.js';
import { t } from '../core/i18n.js';
import { supplyImages } from '../core/icons.js';
import { watchCells } from './cells.js';
import { watchDrag } from './drag.js';
import { watchFound } from './found.js';
import { takeHeat, watchHeat } from './heat.js';
import { withOverlay } from './layers.js';
import { overlayData } from './overlay.js';
import { showExtent, whenAway } from './camera.js';
import { note, theMap } from './instance.js';
import { moved, openMenu, placeHome, pointAt, viewStore, zoomed } from '../model/view.js';
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

/** Hangzhou Bay with its three shores. */
const FIRST_VIEW = { lng: 121.1, lat: 30.35, zoom: 8, bearing: 0, pitch: 0 };

const visibility = (/** @type {boolean} */ on) => (on ? 'visible' : 'none');

const reduced = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Put the switched layers and the overlay into the style that the server gave. @returns {Style} */
function dressed(/** @type {Style} */ style) {
  const on = new Set(layerStore.shown.peek());
  for (const layer of style.layers) {
    const id = layerOf(layer);
    if (id) layer.layout = { .../** @type {any} */ (layer.layout), visibility: visibility(on.has(id)) };
  }
  for (const source of Object.values(style.sources)) {
    if ('tiles' in source && source.tiles) source.tiles = source.tiles.map(absolute);
  }
  return withOverlay(style, shellStore.theme.peek());
}

const absolute = (/** @type {string} */ template) =>
  /^https?:/.test(template) ? template : address(template).replace(/%7B/g, '{').replace(/%7D/g, '}');

/**
 * Make the map in its element; `fetchStyle` fetches the style of another theme or language.
 *
 * @param {HTMLElement} element
 * @param {typeof maplibregl} library
 * @param {Style} style
 * @param {() => Promise<Style>} fetchStyle
 * @returns {Flights}
 */
export function open(element, library, style, fetchStyle) {
  const camera = viewStore.camera.peek();
  const [lng, lat] = style.center ?? [FIRST_VIEW.lng, FIRST_VIEW.lat];
  const first = { ...FIRST_VIEW, lng, lat, zoom: (style.center && style.zoom) ?? FIRST_VIEW.zoom };
  const center = camera ?? first;
  placeHome(first);
  const map = new library.Map({
    container: element,
    style: dressed(style),
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
  const flights = new Flights(map);
  listen(map, flights);
  watchDrag(map);
  watchDraw(map);
  follow(map, fetchStyle);
  document.documentElement.dataset.ready = 'map';
  return flights;
}

/** The map tells the store. */
function listen(/** @type {maplibregl.Map} */ map, /** @type {Flights} */ flights) {
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
    if (!flights.take(event.point) && !takeHeat(map, event.point)) probe(map, event.point);
  });
  map.on('contextmenu', (event) => {
    event.preventDefault();
    openMenu({ x: event.point.x, y: event.point.y, lngLat: [event.lngLat.lng, event.lngLat.lat] });
  });
  map.getContainer().addEventListener('keydown', (event) => key(map, event));
}

function key(/** @type {maplibregl.Map} */ map, /** @type {KeyboardEvent} */ event) {
  if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
    event.preventDefault();
    const { lng, lat } = map.getCenter();
    const { clientWidth, clientHeight } = map.getContainer();
    openMenu({ x: clientWidth / 2, y: clientHeight / 2, lngLat: [lng, lat] });
  }
}

/** What the drawing tool has put on the map stays there when the style changes. @type {any} */
const keepDrawing = (/** @type {Style | undefined} */ before, /** @type {Style} */ after) => {
  const ours = (/** @type {string} */ id) => id.startsWith('td-');
  const sources = Object.fromEntries(Object.entries(before?.sources ?? {}).filter(([id]) => ours(id)));
  const layers = (before?.layers ?? []).filter(({ id }) => ours(id));
  return { ...after, sources: { ...after.sources, ...sources }, layers: [...after.layers, ...layers] };
};

/** The store tells the map. */
function follow(/** @type {maplibregl.Map} */ map, /** @type {() => Promise<Style>} */ fetchStyle) {
  let ready = false;
  map.once('style.load', () => (ready = true));
  const styled = `${shellStore.theme.peek()} ${shellStore.lang.peek()} ${layerStore.catalogue.peek()?.version}`;
  let last = styled;
  effect(() => {
    const wanted = `${shellStore.theme.value} ${shellStore.lang.value} ${layerStore.catalogue.value?.version}`;
    if (wanted !== last) {
      last = wanted;
      const put = (/** @type {Style} */ style) =>
        wanted === last && map.setStyle(dressed(style), { diff: true, transformStyle: keepDrawing });
      fetchStyle().then(put).catch(note);
    }
  });
  effect(() => {
    const on = new Set(layerStore.shown.value);
    if (!ready) return;
    for (const layer of map.getStyle().layers) {
      const id = layerOf(layer);
      if (id) map.setLayoutProperty(layer.id, 'visibility', visibility(on.has(id)));
    }
  });
  effect(() => {
    for (const [id, content] of Object.entries(overlayData())) {
      const source = /** @type {maplibregl.GeoJSONSource | undefined} */ (map.getSource(id));
      source?.setData(content);
    }
  });
  watchRows(map);
  watchCells(map);
  watchHeat(map);
  watchFound(map);
  watchUnits(map);
  watchInForce(map);
  watchOrder(map);
  watchBlocks(map);
  effect(() => whenAway(map, viewStore.camera.value));
  effect(() => {
    if (viewStore.fit.value) showExtent(viewStore.fit.value);
  });
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
