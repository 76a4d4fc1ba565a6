// @ts-check
/** What the page draws over the server's style: selection, path, snap lines, waypoints, measure. */
import { data, url } from '../store.js';

/** @typedef {import('maplibre-gl').StyleSpecification} Style */

const COLOURS = {
  dark: { accent: '#4CC9F0', casing: '#06121C', before: '#8FA3B5', halo: '#0B1622', text: '#D6E2EC' },
  light: { accent: '#0B6BA8', casing: '#FFFFFF', before: '#52616F', halo: '#FFFFFF', text: '#1B2733' },
};

const collection = (/** @type {any[]} */ features) => ({ type: /** @type {'FeatureCollection'} */ ('FeatureCollection'), features });
const feature = (/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties = {}) => ({
  type: /** @type {'Feature'} */ ('Feature'),
  geometry,
  properties,
});
const line = (/** @type {any[]} */ coordinates, /** @type {Record<string, any>} */ properties) =>
  feature({ type: 'LineString', coordinates }, properties);

/** Features of the path: now, before, and the dashes from each waypoint to the network. */
function pathFeatures() {
  const state = data.path.value;
  const features = [];
  if ('before' in state && state.before) features.push(feature(state.before.feature.geometry, { part: 'before' }));
  const now = 'now' in state ? state.now : undefined;
  if (now) {
    for (const other of now.features.slice(1)) features.push(feature(other.geometry, { part: 'other' }));
    features.push(feature(now.feature.geometry, { part: 'now' }));
    features.push(...snapFeatures(now.feature));
  }
  return features;
}

function snapFeatures(/** @type {import('../types.js').Feature} */ path) {
  const points = url.waypoints.value;
  const snaps = path.properties.snap_points ?? [];
  return points.flatMap((point, index) => {
    const snap = snaps[index]?.coordinates ?? snaps[index];
    if (!point || !Array.isArray(snap)) return [];
    return [line([[point.lon, point.lat], snap], { part: 'snap' })];
  });
}

function waypointFeatures() {
  const points = url.waypoints.value;
  const last = points.length - 1;
  return points.flatMap((point, index) => {
    if (!point) return [];
    const role = index === 0 ? 'start' : index === last ? 'end' : 'via';
    const mark = role === 'start' ? 'A' : role === 'end' ? 'B' : String(index);
    const geometry = { type: 'Point', coordinates: [point.lon, point.lat] };
    return [feature(geometry, { role, mark, label: point.label })];
  });
}

function selectionFeatures() {
  const state = data.feature.value;
  return state.state === 'ready' && state.feature.geometry ? [feature(state.feature.geometry)] : [];
}

/** Data of every overlay source. @returns {Record<string, any>} */
export function overlayData() {
  return {
    'sg-path': collection(pathFeatures()),
    'sg-waypoints': collection(waypointFeatures()),
    'sg-selection': collection(selectionFeatures()),
  };
}

/** @returns {any[]} */
function lineLayers(/** @type {typeof COLOURS.dark} */ c) {
  const round = { 'line-cap': 'round', 'line-join': 'round' };
  const wide = ['interpolate', ['linear'], ['zoom'], 6, 4, 12, 7];
  const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];
  return [
    { id: 'sg-before', source: 'sg-path', filter: part('before'), layout: round, paint: { 'line-color': c.before, 'line-width': 4, 'line-dasharray': [1.5, 1.5] } },
    { id: 'sg-other', source: 'sg-path', filter: part('other'), layout: round, paint: { 'line-color': c.accent, 'line-opacity': 0.45, 'line-width': 4 } },
    { id: 'sg-now-casing', source: 'sg-path', filter: part('now'), layout: round, paint: { 'line-color': c.casing, 'line-width': ['interpolate', ['linear'], ['zoom'], 6, 7, 12, 11], 'line-opacity': 0.9 } },
    { id: 'sg-now', source: 'sg-path', filter: part('now'), layout: round, paint: { 'line-color': c.accent, 'line-width': wide } },
    { id: 'sg-snap', source: 'sg-path', filter: part('snap'), paint: { 'line-color': c.text, 'line-width': 2, 'line-dasharray': [2, 2] } },
  ].map((layer) => ({ type: 'line', ...layer }));
}

/** @returns {any[]} */
function selectionLayers(/** @type {typeof COLOURS.dark} */ c) {
  const type = (/** @type {string} */ name) => ['==', ['geometry-type'], name];
  return [
    { id: 'sg-selection-fill', type: 'fill', source: 'sg-selection', filter: type('Polygon'), paint: { 'fill-color': c.accent, 'fill-opacity': 0.12 } },
    { id: 'sg-selection-casing', type: 'line', source: 'sg-selection', layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': c.casing, 'line-width': 4, 'line-gap-width': 10 } },
    { id: 'sg-selection-line', type: 'line', source: 'sg-selection', layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': c.accent, 'line-width': 2, 'line-gap-width': 11 } },
    { id: 'sg-selection-point', type: 'circle', source: 'sg-selection', filter: type('Point'), paint: { 'circle-radius': 13, 'circle-opacity': 0, 'circle-stroke-width': 3, 'circle-stroke-color': c.accent } },
  ];
}

/** @returns {any[]} */
function waypointLayers(/** @type {typeof COLOURS.dark} */ c) {
  return [
    { id: 'sg-waypoint', type: 'circle', source: 'sg-waypoints', paint: { 'circle-radius': 10, 'circle-color': c.accent, 'circle-stroke-width': 2, 'circle-stroke-color': c.casing } },
    {
      id: 'sg-waypoint-mark',
      type: 'symbol',
      source: 'sg-waypoints',
      layout: { 'text-field': ['get', 'mark'], 'text-font': ['Inter'], 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': c.casing },
    },
    {
      id: 'sg-waypoint-label',
      type: 'symbol',
      source: 'sg-waypoints',
      layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 13, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true },
      paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.6 },
    },
  ];
}

/** Put the overlay into a style: the path of before below the closures, lines below the first label, marks on top. */
export function withOverlay(/** @type {Style} */ style, /** @type {'dark' | 'light'} */ theme) {
  const colours = COLOURS[theme];
  const undoable = (data.catalogue.peek()?.layers ?? []).filter((layer) => layer.editable && layer.editable.kind === 'undo');
  const closing = new Set(undoable.map((layer) => layer.id));
  const firstLabel = style.layers.findIndex((layer) => layer.type === 'symbol');
  const at = firstLabel < 0 ? style.layers.length : firstLabel;
  const closures = style.layers.findIndex((layer) => closing.has(String(/** @type {any} */ (layer.metadata)?.['sigang:layer'])));
  const under = closures < 0 ? at : Math.min(closures, at);
  const [before, ...lines] = lineLayers(colours);
  const sources = Object.fromEntries(
    Object.entries(overlayData()).map(([id, content]) => [id, { type: 'geojson', data: content }]),
  );
  return /** @type {Style} */ ({
    ...style,
    sources: { ...style.sources, ...sources },
    layers: [
      ...style.layers.slice(0, under),
      before,
      ...style.layers.slice(under, at),
      ...lines,
      ...selectionLayers(colours).slice(0, 3),
      ...style.layers.slice(at),
      ...selectionLayers(colours).slice(3),
      ...waypointLayers(colours),
    ],
  });
}
