// @ts-check
/** Administrative units in the colours of an indicator, on the tiles that the map has already. */
import { effect } from '@preact/signals-core';
import { classColour } from './colours.js';
import { layerOf } from './probe.js';
import { layerStore } from '../model/layers.js';
import { unitClasses } from '../model/scenarios.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('maplibre-gl').LayerSpecification} LayerSpecification */
/** @typedef {'dark' | 'light'} Theme */

const UNITS = 'admin';
const NONE = 'rgba(0,0,0,0)';
/** From this zoom on the tiles have the counties. */
export const COUNTIES = 7;
const LEVELS = /** @type {const} */ (['county', 'prefecture']);

/** The colour of each unit of a level, by its code. @returns {any} */
function colours(/** @type {'county' | 'prefecture'} */ level, /** @type {Theme} */ theme) {
  const pairs = Object.entries(unitClasses(level)).flatMap(([code, rank]) => [code, classColour(rank, theme)]);
  return pairs.length ? ['match', ['get', 'admin_code'], ...pairs, NONE] : NONE;
}

/** @returns {any} */
const fill = (/** @type {'county' | 'prefecture'} */ level, /** @type {Theme} */ theme) => ({
  id: `sg-units-${level}`,
  type: 'fill',
  source: UNITS,
  'source-layer': UNITS,
  metadata: { 'sigang:layer': UNITS },
  filter: ['all', ['!', ['has', 'part']], ['==', ['get', 'kind'], level]],
  layout: { visibility: layerStore.shown.peek().includes(UNITS) ? 'visible' : 'none' },
  paint: { 'fill-color': colours(level, theme), 'fill-opacity': 0.5, 'fill-antialias': false },
  ...(level === 'county' ? { minzoom: COUNTIES } : { maxzoom: COUNTIES }),
});

/** Put the coloured units over the areas of the administrative units. */
export function withUnits(/** @type {LayerSpecification[]} */ layers, /** @type {Theme} */ theme) {
  const at = layers.findIndex((layer) => layerOf(layer) === UNITS && layer.type === 'fill');
  if (at < 0) return layers;
  return [...layers.slice(0, at + 1), ...LEVELS.map((level) => fill(level, theme)), ...layers.slice(at + 1)];
}

/** Keep the colours in step with the numbers. */
export function watchUnits(/** @type {import('maplibre-gl').Map} */ map) {
  return effect(() => {
    for (const level of LEVELS) {
      const wanted = colours(level, shellStore.theme.value);
      if (map.getLayer(`sg-units-${level}`)) map.setPaintProperty(`sg-units-${level}`, 'fill-color', wanted);
    }
  });
}
