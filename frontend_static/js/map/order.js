// @ts-check
/** The order of layers on the map: the catalogue's, or that of the open scenario, the first lowest. */
import { effect, untracked } from '@preact/signals-core';
import { layerOf } from './probe.js';
import { layerStore, placeLayers } from '../model/layers.js';
import { scenarioStore } from '../model/scenarios.js';

/** @typedef {import('maplibre-gl').LayerSpecification} LayerSpecification */

/**
 * Put the style layers of some layers in their order, in the places that they have together.
 *
 * Labels and signs stay above lines and areas.
 *
 * @param {LayerSpecification[]} layers @param {string[]} wanted ids of layers, the first lowest
 */
export function ordered(layers, wanted) {
  const found = [...layers];
  for (const symbols of [false, true]) {
    const slots = layers.flatMap((layer, at) =>
      wanted.includes(layerOf(layer) ?? '') && (layer.type === 'symbol') === symbols ? [at] : []);
    const rank = (/** @type {number} */ at) => wanted.indexOf(layerOf(layers[at]) ?? '');
    const sorted = [...slots].sort((a, b) => rank(a) - rank(b) || a - b);
    slots.forEach((slot, n) => {
      found[slot] = layers[sorted[n]];
    });
  }
  return found;
}

const wantedNow = () => scenarioStore.page.value?.view.layers ?? [];

/** Order the layers of a style that the map is about to have. */
export function inOrder(/** @type {LayerSpecification[]} */ layers) {
  placeLayers(layers);
  return ordered(layers, untracked(wantedNow));
}

/** Keep the order in step with the open scenario; what the page draws itself stays where it is. */
export function watchOrder(/** @type {import('maplibre-gl').Map} */ map) {
  return effect(() => {
    const next = ordered(layerStore.styled.peek(), wantedNow()).map(({ id }) => id);
    const now = map.getLayersOrder().filter((id) => next.includes(id));
    if (now.length !== next.length) return;
    for (const [at, id] of next.entries()) {
      if (now[at] === id) continue;
      map.moveLayer(id, now[at]);
      now.splice(now.indexOf(id), 1);
      now.splice(at, 0, id);
    }
  });
}
