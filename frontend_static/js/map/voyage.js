// @ts-check
/** What the desk of waterways draws: the ways, the edges that refuse, the ends. */
import { placesOf, refused, voyageStore } from '../model/voyage.js';
import { shellStore } from '../model/shell.js';

/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */

const feature = (/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties) => ({
  type: /** @type {'Feature'} */ ('Feature'),
  geometry,
  properties,
});

/** Features of the voyage while its desk is open. */
export function voyageFeatures() {
  if (shellStore.panel.value !== 'water') return [];
  const ways = voyageStore.answer.value?.features ?? [];
  const stops = placesOf(voyageStore.draft.value) ?? [];
  return [
    ...ways.map((way, rank) => feature(way.geometry, {
      part: rank !== voyageStore.choice.value ? 'other' : way.properties.answer === 'passes' ? 'sure' : 'doubt',
    })),
    ...voyageStore.blocking.value.map(({ geometry }, at) => feature(geometry, {
      part: refused() ? 'refuses' : 'unknown', label: String(at + 1) })),
    ...stops.map((at, index) => feature({ type: 'Point', coordinates: at }, {
      part: 'stop', label: index === 0 ? 'A' : index === stops.length - 1 ? 'B' : String(index) })),
  ];
}

const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];

/** Style layers of the voyage: sure ways are whole, doubtful ones dashed. @returns {any[]} */
export function voyageLayers(/** @type {Colours} */ c) {
  const join = { 'line-cap': 'round', 'line-join': 'round' };
  const lines = /** @type {[string, string, number, number[] | null][]} */ ([
    ['other', c.before, 3, [1.5, 1.5]],
    ['sure', c.accent, 5, null],
    ['doubt', c.give, 5, [2, 1.2]],
    ['unknown', c.give, 9, [0.5, 0.5]],
    ['refuses', c.bad, 9, [0.6, 0.4]],
  ]);
  const drawn = lines.flatMap(([name, colour, width, dash]) => [
    { id: `sg-voyage-${name}-casing`, type: 'line', filter: part(name), layout: join,
      paint: { 'line-color': c.casing, 'line-width': width + 3, 'line-opacity': 0.85 } },
    { id: `sg-voyage-${name}`, type: 'line', filter: part(name), layout: dash ? { 'line-join': 'round' } : join,
      paint: { 'line-color': colour, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) } },
  ]);
  const text = (/** @type {string} */ id, /** @type {any} */ filter, /** @type {string} */ colour, place = {}) => ({
    id, type: 'symbol', filter,
    layout: { 'text-field': ['get', 'label'], 'text-font': ['Inter'], 'text-size': 13, 'text-allow-overlap': true,
      ...place },
    paint: { 'text-color': colour, 'text-halo-color': c.halo, 'text-halo-width': 2 },
  });
  const stop = {
    id: 'sg-voyage-stop', type: 'circle', filter: part('stop'),
    paint: { 'circle-radius': 11, 'circle-color': c.accent, 'circle-stroke-width': 2, 'circle-stroke-color': c.casing },
  };
  return [
    ...drawn, stop,
    { ...text('sg-voyage-stop-label', part('stop'), c.casing), paint: { 'text-color': c.casing } },
    text('sg-voyage-refuses-label', part('refuses'), c.bad, { 'symbol-placement': 'line-center' }),
    text('sg-voyage-unknown-label', part('unknown'), c.give, { 'symbol-placement': 'line-center' }),
  ].map((layer) => ({ source: 'sg-voyage', ...layer }));
}
