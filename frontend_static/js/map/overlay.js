// @ts-check
/** What the page draws over the server's style: selection, paths, reach, stops; as GeoJSON. */
import { duration, number, pick, t } from '../core/i18n.js';
import { airFeatures } from './air.js';
import { linkageFeatures } from './linkage.js';
import { voyageFeatures } from './voyage.js';
import { contourColour } from './colours.js';
import { deskFeatures } from './desk.js';
import { shellStore } from '../model/shell.js';
import { baseline, chosen } from '../model/path.js';
import { roleOf } from '../model/stops.js';
import { planStore } from '../model/plan.js';
import { contoursOf, contourValue } from '../model/reach.js';
import { processStore } from '../model/process.js';
import { searchStore } from '../model/search.js';
import { selectionStore } from '../model/selection.js';

/** @typedef {import('../core/types.js').Feature} Feature */

const collection = (/** @type {any[]} */ features) => ({
  type: /** @type {'FeatureCollection'} */ ('FeatureCollection'),
  features,
});
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

const told = (/** @type {Feature} */ path, /** @type {number} */ rank) =>
  `${t('path.option', { n: rank + 1 })} · ${duration(path.properties.duration_s)}`;

/** Features of the paths: the chosen one, the others, that of before, and the dashes to the network. */
function pathFeatures() {
  const state = planStore.path.value;
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
    if (current.properties.limits_unknown_first) features.push(feature(current.geometry, { part: 'unsure' }));
    features.push(...snapFeatures(current));
  }
  return features;
}

function snapFeatures(/** @type {Feature} */ path) {
  const points = planStore.waypoints.value;
  const snaps = path.properties.snap_points ?? [];
  return points.flatMap((point, index) => {
    const snap = snaps[index]?.coordinates ?? snaps[index];
    if (!point || !Array.isArray(snap)) return [];
    return [line([[point.lon, point.lat], snap], { part: 'snap' })];
  });
}

/** A refused path: the edges that refuse, numbered as in the panel, and the relaxation on show. */
function whyFeatures() {
  const state = planStore.path.value;
  if (state.state !== 'error') return [];
  const body = /** @type {any} */ (state.error).body ?? {};
  const ids = [...new Set((body.edges ?? []).map((/** @type {any} */ edge) => edge.edge))];
  const features = planStore.blocking.value.flatMap((edge) => [
    feature(edge.geometry, { part: 'blocking' }),
    named(edge.geometry, 'blocking', String(ids.indexOf(edge.id) + 1)),
  ]);
  const way = body.relaxations?.[planStore.relaxation.value ?? -1];
  if (!way) return features;
  const give = feature(way.geometry, { part: 'give' });
  return [give, named(way.geometry, 'give', duration(way.duration_s)), ...features];
}

/** The stop on its way, tied to its neighbours. */
function draggedFeatures() {
  const dragged = planStore.dragged.value;
  if (!dragged) return [];
  const points = planStore.waypoints.value;
  const at = [dragged.lon, dragged.lat];
  const neighbours = [points[dragged.index - 1], points[dragged.insert ? dragged.index : dragged.index + 1]];
  return neighbours.flatMap((stop) => (stop ? [line([at, [stop.lon, stop.lat]], { part: 'snap' })] : []));
}

/** A mark that is no stop of the path. @param {{ lon: number, lat: number }} at */
const markAt = (at, /** @type {string} */ role, /** @type {string} */ mark, /** @type {string} */ label) =>
  feature({ type: 'Point', coordinates: [at.lon, at.lat] }, { role, mark, index: -1, label });

function waypointFeatures() {
  const points = planStore.waypoints.value;
  const dragged = planStore.dragged.value;
  const features = points.flatMap((point, index) => {
    if (!point || (dragged && !dragged.insert && dragged.index === index)) return [];
    const { role, mark } = roleOf(index, points.length);
    return [feature({ type: 'Point', coordinates: [point.lon, point.lat] }, { role, mark, index, label: point.label })];
  });
  if (dragged) features.push(markAt(dragged, 'via', '', ''));
  const origin = planStore.kind.value === 'path' || shellStore.panel.value !== 'path' ? null : planStore.origin.value;
  if (origin) features.push(markAt(origin, 'origin', '◆', origin.label));
  const found = searchStore.pin.value;
  if (found) features.push(markAt({ lon: found.center[0], lat: found.center[1] }, 'found', '◆', pick(found.label)));
  return features;
}

/** Contours, the widest first, each labelled with its number. */
function reachFeatures() {
  if (planStore.kind.value !== 'reach') return [];
  const all = contoursOf(planStore.reach.value);
  const unit = t(`reach.${planStore.contours.value.unit}`);
  return all.map((contour, index) => {
    const color = contourColour(all.length - 1 - index, all.length, shellStore.theme.value);
    return feature(contour.geometry, { color, label: `${number(contourValue(contour), 1)} ${unit}` });
  });
}

function nearFeatures() {
  const state = planStore.nearest.value;
  if (planStore.kind.value !== 'nearest' || !('features' in state)) return [];
  return state.features.map((facility, index) => feature(facility.geometry, { mark: String(index + 1) }));
}

function selectionFeatures() {
  const state = selectionStore.feature.value;
  const selected = state.state === 'ready' && state.feature.geometry ? [feature(state.feature.geometry)] : [];
  const stretch = searchStore.pin.value?.geometry;
  return stretch ? [...selected, feature(stretch)] : selected;
}

/** What the processes of the open scenario gave. */
const resultFeatures = () => processStore.features.value.map(({ geometry }) => feature(geometry));

/** Data of every overlay source. @returns {Record<string, any>} */
export function overlayData() {
  return {
    'sg-result': collection(resultFeatures()),
    'sg-desk': collection(deskFeatures()),
    'sg-reach': collection(reachFeatures()),
    'sg-path': collection([...pathFeatures(), ...whyFeatures(), ...draggedFeatures()]),
    'sg-near': collection(nearFeatures()),
    'sg-waypoints': collection(waypointFeatures()),
    'sg-selection': collection(selectionFeatures()),
    'sg-air': collection(airFeatures()),
    'sg-voyage': collection(voyageFeatures()),
    'sg-linkage': collection(linkageFeatures()),
  };
}
