// @ts-check
/** What the page draws over the server's style: selection, paths, reach, stops; as GeoJSON. */
import { duration, number, t } from '../core/i18n.js';
import { chosen, baseline } from '../model/path.js';
import { contourValue, contoursOf } from '../model/reach.js';
import { roleOf } from '../model/stops.js';
import { data, url } from '../core/store.js';
import { contourColour } from './colours.js';

/** @typedef {import('../core/types.js').Feature} Feature */

const collection = (/** @type {any[]} */ features) => ({ type: /** @type {'FeatureCollection'} */ ('FeatureCollection'), features });
const feature = (/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties = {}) => ({
  type: /** @type {'Feature'} */ ('Feature'),
  geometry,
  properties,
});
const line = (/** @type {any[]} */ coordinates, /** @type {Record<string, any>} */ properties) =>
  feature({ type: 'LineString', coordinates }, properties);

/** A text at the middle vertex of a line. */
function named(/** @type {any} */ geometry, /** @type {string} */ of, /** @type {string} */ label) {
  const all = geometry.coordinates;
  return feature({ type: 'Point', coordinates: all[Math.floor(all.length / 2)] }, { part: 'label', of, label });
}

const told = (/** @type {Feature} */ path, /** @type {number} */ rank) => `${t('path.option', { n: rank + 1 })} · ${duration(path.properties.duration_s)}`;

/** Features of the paths: the chosen one, the others, that of before, and the dashes to the network. */
function pathFeatures() {
  const state = data.path.value;
  const features = [];
  const base = baseline();
  if (base) features.push(feature(base.geometry, { part: 'before' }));
  const path = 'now' in state ? state.now : undefined;
  if (path) {
    const current = chosen(path);
    path.features.forEach((way, rank) => {
      const of = way === current ? 'now' : 'other';
      features.push(feature(way.geometry, { part: of, rank }));
      if (path.features.length > 1) features.push(named(way.geometry, of, told(way, rank)));
    });
    features.push(...snapFeatures(current));
  }
  return features;
}

function snapFeatures(/** @type {Feature} */ path) {
  const points = url.waypoints.value;
  const snaps = path.properties.snap_points ?? [];
  return points.flatMap((point, index) => {
    const snap = snaps[index]?.coordinates ?? snaps[index];
    if (!point || !Array.isArray(snap)) return [];
    return [line([[point.lon, point.lat], snap], { part: 'snap' })];
  });
}

/** A refused path: the edges that refuse, numbered as in the panel, and the relaxation on show. */
function whyFeatures() {
  const state = data.path.value;
  if (state.state !== 'error') return [];
  const body = /** @type {any} */ (state.error).body ?? {};
  const ids = [...new Set((body.edges ?? []).map((/** @type {any} */ edge) => edge.edge))];
  const features = data.blocking.value.flatMap((edge) => [
    feature(edge.geometry, { part: 'blocking' }),
    named(edge.geometry, 'blocking', String(ids.indexOf(edge.id) + 1)),
  ]);
  const way = body.relaxations?.[data.relaxation.value ?? -1];
  return way ? [feature(way.geometry, { part: 'give' }), named(way.geometry, 'give', duration(way.duration_s)), ...features] : features;
}

/** The stop on its way, tied to its neighbours. */
function draggedFeatures() {
  const dragged = data.dragged.value;
  if (!dragged) return [];
  const points = url.waypoints.value;
  const at = [dragged.lon, dragged.lat];
  const neighbours = [points[dragged.index - 1], points[dragged.insert ? dragged.index : dragged.index + 1]];
  return neighbours.flatMap((stop) => (stop ? [line([at, [stop.lon, stop.lat]], { part: 'snap' })] : []));
}

function waypointFeatures() {
  const points = url.waypoints.value;
  const dragged = data.dragged.value;
  const features = points.flatMap((point, index) => {
    if (!point || (dragged && !dragged.insert && dragged.index === index)) return [];
    const { role, mark } = roleOf(index, points.length);
    return [feature({ type: 'Point', coordinates: [point.lon, point.lat] }, { role, mark, index, label: point.label })];
  });
  if (dragged) features.push(feature({ type: 'Point', coordinates: [dragged.lon, dragged.lat] }, { role: 'via', mark: '', index: -1, label: '' }));
  const origin = url.plan.value === 'path' || url.panel.value !== 'path' ? null : url.origin.value;
  if (origin) features.push(feature({ type: 'Point', coordinates: [origin.lon, origin.lat] }, { role: 'origin', mark: '◆', index: -1, label: origin.label }));
  return features;
}

/** Contours, the widest first, each labelled with its number. */
function reachFeatures() {
  if (url.plan.value !== 'reach') return [];
  const all = contoursOf(data.reach.value);
  const unit = t(`reach.${url.contours.value.unit}`);
  return all.map((contour, index) => {
    const color = contourColour(all.length - 1 - index, all.length, url.theme.value);
    return feature(contour.geometry, { color, label: `${number(contourValue(contour), 1)} ${unit}` });
  });
}

function nearFeatures() {
  const state = data.nearest.value;
  if (url.plan.value !== 'nearest' || !('features' in state)) return [];
  return state.features.map((facility, index) => feature(facility.geometry, { mark: String(index + 1) }));
}

function selectionFeatures() {
  const state = data.feature.value;
  return state.state === 'ready' && state.feature.geometry ? [feature(state.feature.geometry)] : [];
}

/** Data of every overlay source. @returns {Record<string, any>} */
export function overlayData() {
  return {
    'sg-reach': collection(reachFeatures()),
    'sg-path': collection([...pathFeatures(), ...whyFeatures(), ...draggedFeatures()]),
    'sg-near': collection(nearFeatures()),
    'sg-waypoints': collection(waypointFeatures()),
    'sg-selection': collection(selectionFeatures()),
  };
}
