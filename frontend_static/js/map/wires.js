// @ts-check
/** Edges of the zones at their base and top, with posts between: they tell one block from another. */
import { rgba } from './altitude_layer.js';
import { bandOf, drawn, legendColour } from './blocks.js';
import { skyStore } from '../model/sky.js';
import { layerStore } from '../model/layers.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('./altitude_layer.js').Line} Line */
/** @typedef {import('./altitude_layer.js').Anchor} Anchor */
/** @typedef {import('../core/types.js').SkyZone} SkyZone */

/** A ring has so many sides at most, and so many posts. */
const [SIDES, POSTS] = [64, 8];
/** What has no begin or end holds so long, s. */
const EVER_S = 1e7;

/** Outer rings of a zone, with few enough sides. @returns {[number, number][][]} */
function rings(/** @type {SkyZone} */ { geometry }) {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((/** @type {any[][]} */ [ring]) => {
    const step = Math.max(1, Math.ceil((ring.length - 1) / SIDES));
    return [...ring.slice(0, -1).filter((/** @type {any} */ _, /** @type {number} */ n) => n % step === 0), ring[0]];
  });
}

/** Edges of one zone. @returns {Line[]} */
function edges(/** @type {SkyZone} */ zone, /** @type {Anchor} */ anchor, /** @type {number} */ day_ms) {
  const band = drawn(bandOf(zone));
  if (!band) return [];
  const second = (/** @type {number} */ ms) => Math.max(-EVER_S, Math.min(EVER_S, (ms - day_ms) / 1000));
  const life = /** @type {[number, number]} */ ([second(zone.begin_ms), second(zone.end_ms)]);
  const hex = legendColour(zone.layer, zone.class, shellStore.theme.value);
  return rings(zone).flatMap((ring) => {
    const [low, top] = [band.base, band.top].map((metres) => ring.map(([lon, lat]) => anchor.spot(lon, lat, metres)));
    const round = (/** @type {import('./altitude_layer.js').Spot[]} */ spots, /** @type {number} */ alpha) =>
      spots.slice(1).map((to, n) => ({ from: spots[n], to, colour: rgba(hex, alpha), width: 1.6, life }));
    const every = Math.max(1, Math.floor((ring.length - 1) / POSTS));
    const posts = low.slice(0, -1).flatMap((from, n) =>
      n % every === 0 ? [{ from, to: top[n], colour: rgba(hex, 0.45), width: 1.2, life }] : []);
    return [...round(low, band.base > 0 ? 0.6 : 0), ...round(top, 0.95), ...posts];
  });
}

/** Edges of all zones on show. @returns {Line[]} */
export function wires(/** @type {Anchor} */ anchor, /** @type {number} */ day_ms) {
  const picture = skyStore.picture.value;
  if (!picture || !skyStore.wanted.value || skyStore.space.value !== '3d') return [];
  const shown = new Set(layerStore.shown.value);
  return picture.zones.filter((zone) => shown.has(zone.layer)).flatMap((zone) => edges(zone, anchor, day_ms));
}
