// @ts-check
/** What the desk is about, on the map: the stretch or area that is entered, and the event that is marked. */
import { closingStore } from '../model/closing.js';
import { drawStore } from '../model/draw.js';
import { deskStore } from '../model/events.js';

const SOURCE = 'sg-desk';
const HATCH = [2, 1];

const feature = (/** @type {any} */ geometry, /** @type {string} */ part) =>
  ({ type: /** @type {const} */ ('Feature'), geometry, properties: { part } });

/** The drawn area that a form is about: it outlives the drawing tool. */
function drawnArea() {
  const { mode, points, done } = drawStore.state.value;
  return mode === 'closure' && done && points ? [feature({ type: 'Polygon', coordinates: [points] }, 'asked')] : [];
}

/** Features of the source. */
export function deskFeatures() {
  const asked = deskStore.closing.value && closingStore.preview.value?.found?.geometry;
  const marked = deskStore.events.value.find((event) => event.id === deskStore.current.value)?.geometry;
  return [
    ...(marked && marked.type !== 'Point' ? [feature(marked, 'marked')] : []),
    ...(asked ? [feature(asked, 'asked')] : drawnArea()),
  ];
}

/** Areas, lines, and arrows as traffic drives. @returns {any[]} */
export function deskLayers(/** @type {typeof import('./colours.js').COLOURS.dark} */ c) {
  const round = { 'line-cap': 'round', 'line-join': 'round' };
  const colour = ['match', ['get', 'part'], 'asked', c.give, c.bad];
  const polygon = ['==', ['geometry-type'], 'Polygon'];
  const all = [
    { id: 'sg-desk-fill', type: 'fill', filter: polygon, paint: { 'fill-color': colour, 'fill-opacity': 0.14 } },
    { id: 'sg-desk-casing', type: 'line', layout: round, paint: { 'line-color': c.casing, 'line-width': 9 } },
    { id: 'sg-desk-line', type: 'line', layout: round,
      paint: { 'line-color': colour, 'line-width': 4, 'line-dasharray': HATCH } },
  ];
  return all.map((layer) => ({ source: SOURCE, ...layer }));
}

/** @returns {any} */
export const deskArrows = (/** @type {typeof import('./colours.js').COLOURS.dark} */ c) => ({
  id: 'sg-desk-arrow', type: 'symbol', source: SOURCE, filter: ['!=', ['geometry-type'], 'Polygon'],
  layout: { 'symbol-placement': 'line', 'symbol-spacing': 70, 'text-field': '→', 'text-font': ['Inter'],
    'text-size': 22, 'text-keep-upright': false, 'text-allow-overlap': true, 'text-ignore-placement': true,
    'text-rotation-alignment': 'map' },
  paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 2.5 },
});
