// @ts-check
/** Clusters of the scan, or the density along roads, on the map. */
import { effect } from '@preact/signals-core';
import { circleRing } from '../core/air.js';
import { DENSITY_CLASSES, densityBounds, densityClass } from '../core/heat.js';
import { foundShown, foundStore, tool } from '../model/heat_found.js';
import { classColour } from './colours.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('./colours.js').Theme} Theme */
/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */

const SOURCE = 'sg-found';
const CIRCLE = 'sg-found-circle';
const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];

/** A line that the eye finds from afar: pixels by zoom. */
const wide = (/** @type {number} */ more) => ['interpolate', ['linear'], ['zoom'], 7, 3 + more, 12, 6 + more];

/** One width for the circle that is open, another for all others. @returns {any} */
const circleWidth = () => ['case', ['==', ['get', 'rank'], foundStore.open.value ?? -1], 4.5, 2];

/** What is drawn. @returns {any} */
function data() {
  const shown = foundShown.value;
  const features = !shown ? [] : tool.value === 'roads'
    ? lixels(shown.features, shown.summary.most_per_km) : shown.features.flatMap(cluster);
  return { type: 'FeatureCollection', features };
}

/** The cells of a cluster, its circle, and its rank in the middle. */
function cluster(/** @type {Feature} */ { geometry, properties: { rank, lon, lat, radius_m: radius } }) {
  const of = (/** @type {string} */ name, /** @type {any} */ shape) =>
    ({ type: 'Feature', geometry: shape, properties: { part: name, rank } });
  const ring = radius > 0 ? [circleRing([lon, lat], radius)] : [];
  return [
    of('cells', geometry), of('circle', { type: 'MultiLineString', coordinates: ring }),
    of('rank', { type: 'Point', coordinates: [lon, lat] }),
  ];
}

/** Lixels by class, the highest last: it lies on top. */
function lixels(/** @type {Feature[]} */ all, /** @type {number} */ most) {
  const bounds = densityBounds(most);
  const drawn = all.map(({ geometry, properties }) => ({
    type: 'Feature', geometry, properties: { part: 'lixel', class: densityClass(properties.per_km, bounds) },
  }));
  return drawn.sort((a, b) => b.properties.class - a.properties.class);
}

/** @returns {Record<string, any>} */
export const foundSources = () => ({ [SOURCE]: { type: 'geojson', data: data() } });

/** Areas and lines. @returns {any[]} */
export function foundLayers(/** @type {Colours} */ c, /** @type {Theme} */ theme) {
  const round = { 'line-cap': 'round', 'line-join': 'round' };
  const classes = Array.from({ length: DENSITY_CLASSES }, (_, at) => [at, classColour(at, theme)]);
  const colour = ['match', ['get', 'class'], ...classes.slice(0, -1).flat(), classColour(DENSITY_CLASSES - 1, theme)];
  const all = [
    { id: 'sg-found-cells', type: 'line', filter: part('cells'), layout: round,
      paint: { 'line-color': c.bad, 'line-width': 1.5 } },
    { id: 'sg-found-circle-casing', type: 'line', filter: part('circle'), layout: round,
      paint: { 'line-color': c.casing, 'line-width': 5, 'line-opacity': 0.7 } },
    { id: CIRCLE, type: 'line', filter: part('circle'), layout: round,
      paint: { 'line-color': c.bad, 'line-width': circleWidth() } },
    { id: 'sg-found-road-casing', type: 'line', filter: part('lixel'), layout: round,
      paint: { 'line-color': c.casing, 'line-width': wide(3) } },
    { id: 'sg-found-road', type: 'line', filter: part('lixel'), layout: round,
      paint: { 'line-color': colour, 'line-width': wide(0) } },
  ];
  return all.map((layer) => ({ source: SOURCE, ...layer }));
}

/** Ranks of clusters. @returns {any} */
export const foundLabel = (/** @type {Colours} */ c) => ({
  id: 'sg-found-rank', type: 'symbol', source: SOURCE, filter: part('rank'),
  layout: { 'text-field': ['to-string', ['get', 'rank']], 'text-font': ['Inter'], 'text-size': 16,
    'text-allow-overlap': true },
  paint: { 'text-color': c.bad, 'text-halo-color': c.halo, 'text-halo-width': 3 },
});

/** Follow what is found and which cluster is open. */
export function watchFound(/** @type {import('maplibre-gl').Map} */ map) {
  const stops = [
    effect(() => {
      const content = data();
      /** @type {import('maplibre-gl').GeoJSONSource | undefined} */ (map.getSource(SOURCE))?.setData(content);
    }),
    effect(() => {
      const width = circleWidth();
      if (map.getSource(SOURCE)) map.setPaintProperty(CIRCLE, 'line-width', width);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
