// @ts-check
/** Of the zones, restrictions and plans that the tiles hold, the map draws those in force at its time. */
import { effect } from '@preact/signals-core';
import { rfc3339 } from '../core/i18n.js';
import { layerOf } from './probe.js';
import { DATED } from '../model/dated.js';
import { layerStore } from '../model/layers.js';
import { askedInstant, timeStore } from '../model/time.js';

/** @typedef {import('maplibre-gl').LayerSpecification} LayerSpecification */

const EACH_MS = 30_000;
/** While time runs tiles are sorted out anew so often: it takes their worker a while. */
const PLAYED_MS = 2_000;
/** A restriction that begins so soon is drawn, and one that ended is looked at again so much later: clocks differ. */
const AHEAD_MS = 5_000;
const FOR_EVER = '9999';

/** Layers of the style that are dated: of which layer, and the server's own filter. */
const dated = /** @type {Map<string, { layer: string, filter: any }>} */ (new Map());

/** Tiles write times in +08:00 to the second: they compare as texts. @returns {any} */
function filterAt(/** @type {string} */ layer, /** @type {any} */ filter) {
  const at = askedInstant();
  const [begin, end] = DATED[layer];
  const read = (/** @type {string} */ name, /** @type {string} */ none) => ['coalesce', ['get', name], none];
  return [
    'all',
    ['<=', read(begin, ''), rfc3339(at + AHEAD_MS)],
    ['>', read(end, FOR_EVER), rfc3339(at)],
    ...(filter ? [filter] : []),
  ];
}

/** Limit the layers of a style. @param {LayerSpecification[]} layers @returns {LayerSpecification[]} */
export const inForce = (layers) => layers.map((one) => {
  const layer = layerOf(one) ?? '';
  if (!(layer in DATED)) return one;
  const { filter } = /** @type {any} */ (one);
  dated.set(one.id, { layer, filter });
  return /** @type {LayerSpecification} */ ({ ...one, filter: filterAt(layer, filter) });
});

/** Keep the limit in step with the time of the map and with what officers issue and end. */
export function watchInForce(/** @type {import('maplibre-gl').Map} */ map) {
  let applied = 0;
  let again = 0;
  const apply = () => {
    const shown = new Set(layerStore.shown.peek());
    for (const [id, { layer, filter }] of dated) {
      if (shown.has(layer) && map.getLayer(id)) map.setFilter(id, filterAt(layer, filter));
    }
    applied = performance.now();
  };
  const timer = setInterval(() => timeStore.player.peek() === null && apply(), EACH_MS);
  const stop = effect(() => {
    void [timeStore.at.value, layerStore.shown.value, ...Object.keys(DATED).map((id) => layerStore.bumps.value[id])];
    const running = timeStore.player.value !== null;
    if (!running || performance.now() - applied > PLAYED_MS) apply();
    window.clearTimeout(again);
    if (!running) again = window.setTimeout(apply, AHEAD_MS);
  });
  return () => {
    clearInterval(timer);
    window.clearTimeout(again);
    stop();
  };
}
