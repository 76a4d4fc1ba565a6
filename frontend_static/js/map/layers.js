// @ts-check
/** Style layers of the overlay, and where they go in the server's style. */
import { airLayers } from './air.js';
import { blockLabels, blockLayers, blockSources } from './blocks.js';
import { cellLayers, cellSource } from './cells.js';
import { COLOURS } from './colours.js';
import { deskArrows, deskLayers } from './desk.js';
import { foundLabel, foundLayers, foundSources } from './found.js';
import { heatLayers, heatSources } from './heat.js';
import { inForce } from './in_force.js';
import { overlayData } from './overlay.js';
import { inOrder } from './order.js';
import { layerOf } from './probe.js';
import { withUnits } from './units.js';
import { linkageLayers } from './linkage.js';
import { voyageLayers } from './voyage.js';
import { layerStore } from '../model/layers.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('maplibre-gl').StyleSpecification} Style */
/** @typedef {typeof COLOURS.dark} Colours */

const ROUND = { 'line-cap': 'round', 'line-join': 'round' };
const JOINED = { 'line-join': 'round' };
const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];
const other = (/** @type {number} */ choice) => ['all', part('other'), ['==', ['get', 'rank'], choice]];
const type = (/** @type {string} */ name) => ['==', ['geometry-type'], name];

/** Dashes of the ways that are not chosen, by rank; the cards in the panel show the same. */
const DASHES = [[4, 1.5], [2, 1.5], [0.1, 2], [4, 1.5, 0.1, 1.5]];

/** Text on the map. */
const written = (/** @type {string} */ field, size = 13) => ({
  'text-field': ['get', field],
  'text-font': ['Noto Sans SC'],
  'text-size': size,
});

/** Ink of a text, in a halo of the ground's colour. */
const ink = (/** @type {string} */ color, /** @type {string} */ halo, width = 2) => ({
  'text-color': color,
  'text-halo-color': halo,
  'text-halo-width': width,
});

/** A line in a colour. */
const stroke = (/** @type {any} */ color, /** @type {any} */ width, /** @type {Record<string, any>} */ more = {}) => ({
  'line-color': color,
  'line-width': width,
  ...more,
});

/** A disc in a ring. */
const disc = (/** @type {string} */ color, /** @type {string} */ ring) => ({
  'circle-radius': 10,
  'circle-color': color,
  'circle-stroke-width': 2,
  'circle-stroke-color': ring,
});

/** @returns {any[]} */
function reachLayers(/** @type {Colours} */ c) {
  const color = ['get', 'color'];
  const layout = { 'symbol-placement': 'line', 'symbol-spacing': 260, ...written('label', 12) };
  const all = [
    { id: 'sg-reach-fill', type: 'fill', paint: { 'fill-color': color, 'fill-opacity': 0.16 } },
    { id: 'sg-reach-line', type: 'line', layout: JOINED, paint: stroke(color, 2.5) },
    { id: 'sg-reach-label', type: 'symbol', layout, paint: ink(c.text, c.halo) },
  ];
  return all.map((layer) => ({ source: 'sg-reach', ...layer }));
}

/** @returns {any[]} */
function resultLayers(/** @type {Colours} */ c) {
  const fill = { 'fill-color': c.give, 'fill-opacity': 0.18 };
  const circle = { ...disc(c.give, c.casing), 'circle-radius': 5 };
  const all = [
    { id: 'sg-result-fill', type: 'fill', filter: type('Polygon'), paint: fill },
    { id: 'sg-result-casing', type: 'line', layout: ROUND, paint: stroke(c.casing, 5) },
    { id: 'sg-result-line', type: 'line', layout: ROUND, paint: stroke(c.give, 2.5) },
    { id: 'sg-result-point', type: 'circle', filter: type('Point'), paint: circle },
  ];
  return all.map((layer) => ({ source: 'sg-result', ...layer }));
}

/** @returns {any[]} */
function lineLayers(/** @type {Colours} */ c) {
  const wide = ['interpolate', ['linear'], ['zoom'], 6, 4, 12, 7];
  const casing = ['interpolate', ['linear'], ['zoom'], 6, 7, 12, 11];
  const dashed = (/** @type {number[]} */ dash) => ({ 'line-dasharray': dash });
  const others = DASHES.map((dash, rank) => ({
    id: `sg-other-${rank}`,
    filter: other(rank),
    paint: stroke(c.accent, 3.5, { 'line-opacity': 0.85, ...dashed(dash) }),
  }));
  const all = [
    { id: 'sg-other-casing', filter: part('other'), paint: stroke(c.casing, 7, { 'line-opacity': 0.8 }) },
    ...others,
    { id: 'sg-now-casing', filter: part('now'), paint: stroke(c.casing, casing, { 'line-opacity': 0.9 }) },
    { id: 'sg-now', filter: part('now'), paint: stroke(c.accent, wide) },
    { id: 'sg-unsure', filter: part('unsure'), layout: JOINED, paint: stroke(c.bad, wide, dashed([0.5, 0.9])) },
    { id: 'sg-give-casing', filter: part('give'), paint: stroke(c.casing, casing) },
    { id: 'sg-give', filter: part('give'), paint: stroke(c.give, 4, dashed([3, 1.5])) },
    { id: 'sg-blocking-casing', filter: part('blocking'), paint: stroke(c.casing, 12) },
    { id: 'sg-blocking', filter: part('blocking'), layout: JOINED, paint: stroke(c.bad, 8, dashed([0.6, 0.4])) },
    { id: 'sg-snap', filter: part('snap'), layout: {}, paint: stroke(c.text, 2, dashed([2, 2])) },
    { id: 'sg-grip', filter: part('now'), paint: stroke(c.accent, 18, { 'line-opacity': 0 }) },
  ];
  return all.map((layer) => ({ type: 'line', source: 'sg-path', layout: ROUND, ...layer }));
}

/** @returns {any[]} */
function lineLabels(/** @type {Colours} */ c) {
  const beside = { 'text-anchor': 'left', 'text-offset': [0.8, 0] };
  const above = { 'text-anchor': 'bottom', 'text-offset': [0, -0.5] };
  const label = (/** @type {string} */ of, /** @type {string} */ color, place = beside) => ({
    id: `sg-${of}-label`,
    type: 'symbol',
    source: 'sg-path',
    filter: ['all', part('label'), ['==', ['get', 'of'], of]],
    layout: { ...written('label'), 'text-allow-overlap': true, ...place },
    paint: ink(color, c.halo),
  });
  return [label('other', c.text), label('now', c.accent), label('give', c.give), label('blocking', c.bad, above)];
}

/** @returns {any[]} */
function selectionLayers(/** @type {Colours} */ c) {
  const fill = { 'fill-color': c.accent, 'fill-opacity': 0.12 };
  const all = [
    { id: 'sg-selection-fill', type: 'fill', filter: type('Polygon'), paint: fill },
    { id: 'sg-selection-casing', type: 'line', layout: ROUND, paint: stroke(c.casing, 4, { 'line-gap-width': 10 }) },
    { id: 'sg-selection-line', type: 'line', layout: ROUND, paint: stroke(c.accent, 2, { 'line-gap-width': 11 }) },
  ];
  return all.map((layer) => ({ source: 'sg-selection', ...layer }));
}

/** @returns {any[]} */
function markLayers(/** @type {Colours} */ c) {
  const mark = (/** @type {string} */ id, /** @type {string} */ source, /** @type {string} */ color) => ({
    id,
    type: 'symbol',
    source,
    layout: {
      ...written('mark', 12),
      'text-font': ['Inter'],
      'text-allow-overlap': true,
      'text-ignore-placement': true,
    },
    paint: { 'text-color': color },
  });
  const ring = {
    'circle-radius': 13,
    'circle-opacity': 0,
    'circle-stroke-width': 3,
    'circle-stroke-color': c.accent,
  };
  const below = { 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true };
  return [
    { id: 'sg-selection-point', type: 'circle', source: 'sg-selection', filter: type('Point'), paint: ring },
    { id: 'sg-near', type: 'circle', source: 'sg-near', paint: disc(c.halo, c.accent) },
    mark('sg-near-mark', 'sg-near', c.text),
    { id: 'sg-waypoint', type: 'circle', source: 'sg-waypoints', paint: disc(c.accent, c.casing) },
    mark('sg-waypoint-mark', 'sg-waypoints', c.casing),
    {
      id: 'sg-waypoint-label',
      type: 'symbol',
      source: 'sg-waypoints',
      layout: { ...written('label'), ...below },
      paint: ink(c.text, c.halo, 1.6),
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
  paint: stroke(c.before, 4, { 'line-dasharray': [1.5, 1.5] }),
});

/**
 * Put the overlay into a style: reach and the path of before below the closures, blocks of air and lines
 * below the first label, marks on top.
 *
 * @param {Style} style @param {'dark' | 'light'} theme
 */
export function withOverlay(style, theme) {
  const colours = COLOURS[theme];
  const known = layerStore.catalogue.peek()?.layers ?? [];
  const undoable = known.filter((layer) => layer.editable && layer.editable.kind === 'undo');
  const closing = new Set(undoable.map((layer) => layer.id));
  const layers = withUnits(inForce(style.layers), theme);
  const firstLabel = layers.findIndex((layer) => layer.type === 'symbol');
  const at = firstLabel < 0 ? layers.length : firstLabel;
  const closures = layers.findIndex((layer) => closing.has(layerOf(layer) ?? ''));
  const under = closures < 0 ? at : Math.min(closures, at);
  const [fill, outline, label] = reachLayers(colours);
  const [cells, edges, signs] = cellLayers(colours, shellStore.lang.peek());
  const sources = Object.fromEntries(
    Object.entries(overlayData()).map(([id, content]) => [id, { type: 'geojson', data: content }]),
  );
  return /** @type {Style} */ ({
    ...style,
    sources: { ...style.sources, ...blockSources(), ...cellSource(), ...heatSources(), ...foundSources(),
      ...sources },
    layers: inOrder([
      ...layers.slice(0, under),
      ...heatLayers(colours),
      cells,
      edges,
      fill,
      outline,
      beforeLayer(colours),
      ...layers.slice(under, at),
      ...blockLayers(theme),
      ...resultLayers(colours),
      ...deskLayers(colours),
      ...foundLayers(colours, theme),
      ...lineLayers(colours),
      ...selectionLayers(colours),
      ...layers.slice(at),
      blockLabels(theme),
      signs,
      label,
      ...lineLabels(colours),
      foundLabel(colours),
      deskArrows(colours),
      ...airLayers(colours),
      ...voyageLayers(colours),
      ...linkageLayers(colours, theme),
      ...markLayers(colours),
    ]),
  });
}
