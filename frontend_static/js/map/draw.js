// @ts-check
/** Measure and draw: terra-draw, fetched when it is first wanted; it follows the store's mode. */
import { computed, effect } from '@preact/signals-core';
import { drawStore, drawn } from '../model/draw.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('maplibre-gl').Map} Map */
/** @typedef {import('terra-draw').TerraDraw} TerraDraw */

const COLOUR = /** @type {const} */ ({ dark: '#FFE066', light: '#A34A00' });
const WIDTH = 3;

/** @typedef {NonNullable<import('../core/types.js').DrawState['mode']>} Mode */
/** @typedef {{ stop: () => void }} Tool */

const LINES = new Set(['distance', 'line']);

/** A point is a click; the map's canvas shows that one is awaited. @returns {Tool} */
function pointing(/** @type {Map} */ map) {
  const canvas = map.getCanvas();
  const take = (/** @type {import('maplibre-gl').MapMouseEvent} */ event) => drawn([event.lngLat.toArray()], true);
  canvas.style.cursor = 'crosshair';
  map.on('click', take);
  return {
    stop() {
      map.off('click', take);
      canvas.style.cursor = '';
    },
  };
}

/** @returns {Promise<Tool>} */
async function make(/** @type {Map} */ map, /** @type {Mode} */ mode) {
  if (mode === 'point') return pointing(map);
  const kit = await import('terra-draw');
  const { TerraDrawMapLibreGLAdapter } = await import('terra-draw-maplibre-gl-adapter');
  const colour = COLOUR[shellStore.theme.peek()];
  const line = { lineStringColor: colour, lineStringWidth: WIDTH, closingPointColor: colour };
  const area = { fillColor: colour, fillOpacity: 0.18, outlineColor: colour, outlineWidth: WIDTH };
  const made = new kit.TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new kit.TerraDrawLineStringMode({ styles: line }),
      new kit.TerraDrawPolygonMode({ styles: { ...area, closingPointColor: colour } }),
    ],
  });
  made.start();
  made.on('change', () => report(made, false));
  made.on('finish', () => report(made, true));
  made.setMode(LINES.has(mode) ? 'linestring' : 'polygon');
  return made;
}

/** Tell the store what has been drawn so far. */
function report(/** @type {TerraDraw} */ tool, /** @type {boolean} */ done) {
  const feature = tool.getSnapshot().find((entry) => entry.geometry.type !== 'Point');
  if (!feature) return;
  const { coordinates } = feature.geometry;
  const points = /** @type {[number, number][]} */ (feature.geometry.type === 'Polygon' ? coordinates[0] : coordinates);
  if (done) tool.setMode('static');
  drawn(points.map((p) => [p[0], p[1]]), done);
}

/** Draw in the mode that the store has, with a tool of its own for each. */
export function watchDraw(/** @type {Map} */ map) {
  const mode = computed(() => drawStore.state.value.mode);
  /** @type {Tool | null} */
  let tool = null;
  effect(() => {
    const wanted = mode.value;
    tool?.stop();
    tool = null;
    if (!wanted) return;
    make(map, wanted).then((made) => {
      if (mode.peek() === wanted && !tool) tool = made;
      else made.stop();
    });
  });
}
