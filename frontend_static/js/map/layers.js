// @ts-check
/** Style layers of the overlay, and where they go in the server's style. */
import { data } from '../core/store.js';
import { COLOURS } from './colours.js';
import { overlayData } from './overlay.js';

/** @typedef {import('maplibre-gl').StyleSpecification} Style */
/** @typedef {typeof COLOURS.dark} Colours */

const ROUND = { 'line-cap': 'round', 'line-join': 'round' };
const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];
const other = (/** @type {number} */ choice) => ['all', part('other'), ['==', ['get', 'rank'], choice]];
const type = (/** @type {string} */ name) => ['==', ['geometry-type'], name];

/** Dashes of the ways that are not chosen, by rank; the cards in the panel show the same. */
const DASHES = [[4, 1.5], [2, 1.5], [0.1, 2], [4, 1.5, 0.1, 1.5]];

/** @returns {any[]} */
function reachLayers(/** @type {Colours} */ c) {
  const text = { 'symbol-placement': 'line', 'symbol-spacing': 260, 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 12 };
  return [
    { id: 'sg-reach-fill', type: 'fill', source: 'sg-reach', paint: { 'fill-color': ['get', 'color'], 'fill-opacity': 0.16 } },
    { id: 'sg-reach-line', type: 'line', source: 'sg-reach', layout: { 'line-join': 'round' }, paint: { 'line-color': ['get', 'color'], 'line-width': 2.5 } },
    { id: 'sg-reach-label', type: 'symbol', source: 'sg-reach', layout: text, paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 2 } },
  ];
}

/** @returns {any[]} */
function lineLayers(/** @type {Colours} */ c) {
  const wide = ['interpolate', ['linear'], ['zoom'], 6, 4, 12, 7];
  const casing = ['interpolate', ['linear'], ['zoom'], 6, 7, 12, 11];
  return [
    { id: 'sg-other-casing', filter: part('other'), layout: ROUND, paint: { 'line-color': c.casing, 'line-width': 7, 'line-opacity': 0.8 } },
    ...DASHES.map((dash, rank) => ({ id: `sg-other-${rank}`, filter: other(rank), layout: ROUND, paint: { 'line-color': c.accent, 'line-opacity': 0.85, 'line-width': 3.5, 'line-dasharray': dash } })),
    { id: 'sg-now-casing', filter: part('now'), layout: ROUND, paint: { 'line-color': c.casing, 'line-width': casing, 'line-opacity': 0.9 } },
    { id: 'sg-now', filter: part('now'), layout: ROUND, paint: { 'line-color': c.accent, 'line-width': wide } },
    { id: 'sg-give-casing', filter: part('give'), layout: ROUND, paint: { 'line-color': c.casing, 'line-width': casing } },
    { id: 'sg-give', filter: part('give'), layout: ROUND, paint: { 'line-color': c.give, 'line-width': 4, 'line-dasharray': [3, 1.5] } },
    { id: 'sg-blocking-casing', filter: part('blocking'), layout: ROUND, paint: { 'line-color': c.casing, 'line-width': 12 } },
    { id: 'sg-blocking', filter: part('blocking'), layout: { 'line-join': 'round' }, paint: { 'line-color': c.bad, 'line-width': 8, 'line-dasharray': [0.6, 0.4] } },
    { id: 'sg-snap', filter: part('snap'), paint: { 'line-color': c.text, 'line-width': 2, 'line-dasharray': [2, 2] } },
    { id: 'sg-grip', filter: part('now'), layout: ROUND, paint: { 'line-color': c.accent, 'line-width': 18, 'line-opacity': 0 } },
  ].map((layer) => ({ type: 'line', source: 'sg-path', ...layer }));
}

/** @returns {any[]} */
function lineLabels(/** @type {Colours} */ c) {
  const beside = { 'text-anchor': 'left', 'text-offset': [0.8, 0] };
  const above = { 'text-anchor': 'bottom', 'text-offset': [0, -0.5] };
  const label = (/** @type {string} */ of, /** @type {string} */ color) => ({
    id: `sg-${of}-label`,
    type: 'symbol',
    source: 'sg-path',
    filter: ['all', part('label'), ['==', ['get', 'of'], of]],
    layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 13, 'text-allow-overlap': true, ...(of === 'blocking' ? above : beside) },
    paint: { 'text-halo-color': c.halo, 'text-halo-width': 2, 'text-color': color },
  });
  return [label('other', c.text), label('now', c.accent), label('give', c.give), label('blocking', c.bad)];
}

/** @returns {any[]} */
function selectionLayers(/** @type {Colours} */ c) {
  const join = { 'line-join': 'round', 'line-cap': 'round' };
  return [
    { id: 'sg-selection-fill', type: 'fill', source: 'sg-selection', filter: type('Polygon'), paint: { 'fill-color': c.accent, 'fill-opacity': 0.12 } },
    { id: 'sg-selection-casing', type: 'line', source: 'sg-selection', layout: join, paint: { 'line-color': c.casing, 'line-width': 4, 'line-gap-width': 10 } },
    { id: 'sg-selection-line', type: 'line', source: 'sg-selection', layout: join, paint: { 'line-color': c.accent, 'line-width': 2, 'line-gap-width': 11 } },
  ];
}

/** @returns {any[]} */
function markLayers(/** @type {Colours} */ c) {
  const mark = (/** @type {string} */ id, /** @type {string} */ source, /** @type {string} */ color) => ({
    id,
    type: 'symbol',
    source,
    layout: { 'text-field': ['get', 'mark'], 'text-font': ['Inter'], 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true },
    paint: { 'text-color': color },
  });
  return [
    { id: 'sg-selection-point', type: 'circle', source: 'sg-selection', filter: type('Point'), paint: { 'circle-radius': 13, 'circle-opacity': 0, 'circle-stroke-width': 3, 'circle-stroke-color': c.accent } },
    { id: 'sg-near', type: 'circle', source: 'sg-near', paint: { 'circle-radius': 10, 'circle-color': c.halo, 'circle-stroke-width': 2, 'circle-stroke-color': c.accent } },
    mark('sg-near-mark', 'sg-near', c.text),
    { id: 'sg-waypoint', type: 'circle', source: 'sg-waypoints', paint: { 'circle-radius': 10, 'circle-color': c.accent, 'circle-stroke-width': 2, 'circle-stroke-color': c.casing } },
    mark('sg-waypoint-mark', 'sg-waypoints', c.casing),
    {
      id: 'sg-waypoint-label',
      type: 'symbol',
      source: 'sg-waypoints',
      layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 13, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true },
      paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.6 },
    },
  ];
}

/** @returns {any} */
const beforeLayer = (/** @type {Colours} */ c) => ({
  id: 'sg-before',
  type: 'line',
  source: 'sg-path',
  filter: part('before'),
  layout: ROUND,
  paint: { 'line-color': c.before, 'line-width': 4, 'line-dasharray': [1.5, 1.5] },
});

/** Put the overlay into a style: reach and the path of before below the closures, lines below the first label, marks on top. */
export function withOverlay(/** @type {Style} */ style, /** @type {'dark' | 'light'} */ theme) {
  const colours = COLOURS[theme];
  const undoable = (data.catalogue.peek()?.layers ?? []).filter((layer) => layer.editable && layer.editable.kind === 'undo');
  const closing = new Set(undoable.map((layer) => layer.id));
  const firstLabel = style.layers.findIndex((layer) => layer.type === 'symbol');
  const at = firstLabel < 0 ? style.layers.length : firstLabel;
  const closures = style.layers.findIndex((layer) => closing.has(String(/** @type {any} */ (layer.metadata)?.['sigang:layer'])));
  const under = closures < 0 ? at : Math.min(closures, at);
  const [fill, outline, label] = reachLayers(colours);
  const sources = Object.fromEntries(
    Object.entries(overlayData()).map(([id, content]) => [id, { type: 'geojson', data: content }]),
  );
  return /** @type {Style} */ ({
    ...style,
    sources: { ...style.sources, ...sources },
    layers: [
      ...style.layers.slice(0, under),
      fill,
      outline,
      beforeLayer(colours),
      ...style.layers.slice(under, at),
      ...lineLayers(colours),
      ...selectionLayers(colours),
      ...style.layers.slice(at),
      label,
      ...lineLabels(colours),
      ...markLayers(colours),
    ],
  });
}
