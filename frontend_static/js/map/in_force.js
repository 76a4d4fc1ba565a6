// @ts-check
/** Of the restrictions that the tiles hold, which keep those that are over, the map draws those in force. */
import { effect } from '@preact/signals-core';
import { now } from '../core/clock.js';
import { rfc3339 } from '../core/i18n.js';
import { layerOf } from './probe.js';
import { layerStore } from '../model/layers.js';
import { LAYER } from '../model/restrictions.js';

/** @typedef {import('maplibre-gl').LayerSpecification} LayerSpecification */

const EACH_MS = 30_000;
/** A restriction that begins so soon is drawn: clocks differ. */
const AHEAD_MS = 5_000;
const FOR_EVER = '9999';

/** Tiles write times in +08:00 to the second: they compare as texts. @returns {any} */
function filterNow() {
  const at = now();
  const read = (/** @type {string} */ name, /** @type {string} */ none) => ['coalesce', ['get', name], none];
  return [
    'all',
    ['<=', read('valid_from', ''), rfc3339(at + AHEAD_MS)],
    ['>', read('valid_to', FOR_EVER), rfc3339(at)],
  ];
}

const dated = (/** @type {LayerSpecification} */ layer) => layerOf(layer) === LAYER;

/** Limit the layers of a style. @param {LayerSpecification[]} layers @returns {LayerSpecification[]} */
export const inForce = (layers) => layers.map((layer) =>
  (dated(layer) ? /** @type {LayerSpecification} */ ({ ...layer, filter: filterNow() }) : layer));

/** Keep the limit in step with the clock and with what officers issue and end. */
export function watchInForce(/** @type {import('maplibre-gl').Map} */ map) {
  const apply = () => {
    for (const layer of map.getStyle()?.layers ?? []) if (dated(layer)) map.setFilter(layer.id, filterNow());
  };
  const timer = setInterval(apply, EACH_MS);
  const stop = effect(() => {
    if (layerStore.bumps.value[LAYER]) apply();
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}
