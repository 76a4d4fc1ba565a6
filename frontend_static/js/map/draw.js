// @ts-check
/** Measure and draw: terra-draw, fetched when it is first wanted. */
import { data, url } from '../core/store.js';
import { theMap } from './instance.js';

/** @typedef {import('../core/types.js').DrawState['mode']} Mode */

const COLOUR = /** @type {const} */ ({ dark: '#FFE066', light: '#A34A00' });

/** @type {import('terra-draw').TerraDraw | null} */
let draw = null;

async function make() {
  const map = theMap.peek();
  if (!map) return null;
  const kit = await import('terra-draw');
  const { TerraDrawMapLibreGLAdapter } = await import('terra-draw-maplibre-gl-adapter');
  const colour = COLOUR[url.theme.peek()];
  const made = new kit.TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    modes: [
      new kit.TerraDrawLineStringMode({ styles: { lineStringColor: colour, lineStringWidth: 3, closingPointColor: colour } }),
      new kit.TerraDrawPolygonMode({ styles: { fillColor: colour, fillOpacity: 0.18, outlineColor: colour, outlineWidth: 3, closingPointColor: colour } }),
    ],
  });
  made.start();
  made.on('change', () => report(false));
  made.on('finish', () => report(true));
  return made;
}

/** Tell the store what has been drawn so far. */
function report(/** @type {boolean} */ done) {
  const { mode } = data.draw.peek();
  const feature = draw?.getSnapshot().find((entry) => entry.geometry.type !== 'Point');
  if (!mode || !feature) return;
  const { coordinates } = feature.geometry;
  const points = /** @type {[number, number][]} */ (feature.geometry.type === 'Polygon' ? coordinates[0] : coordinates);
  data.draw.value = { mode, points: points.map((p) => [p[0], p[1]]), done };
  if (done) draw?.setMode('static');
}

/** Start drawing in a mode, or stop with null. */
export async function startDraw(/** @type {Mode} */ mode) {
  draw?.stop();
  draw = null;
  data.draw.value = { mode };
  if (!mode) return;
  draw = await make();
  draw?.setMode(mode === 'distance' ? 'linestring' : 'polygon');
}
