// @ts-check
/** The stops of the path: put, move, add, take away, reorder. */
import { batch } from '@preact/signals-core';
import { MOST_STOPS } from '../core/hash.js';
import { t } from '../core/i18n.js';
import { planStore } from './plan.js';
import { showPanel } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/hash.js').Waypoint} Waypoint */

/** A place without a name, called by its coordinates. @returns {Waypoint} */
export const placeAt = (/** @type {number} */ lon, /** @type {number} */ lat) => ({
  lon,
  lat,
  label: `${lon.toFixed(5)}, ${lat.toFixed(5)}`,
});

function put(/** @type {(Waypoint | null)[]} */ points) {
  batch(() => {
    planStore.waypoints.value = points;
    planStore.choice.value = 0;
    showPanel('path');
  });
}

/** Put a waypoint: 0 is the start, -1 the end, another index a via point. */
export function setWaypoint(/** @type {number} */ index, /** @type {Waypoint | null} */ point) {
  const points = [...planStore.waypoints.peek()];
  points[index < 0 ? points.length - 1 : index] = point;
  batch(() => {
    put(points);
    if (point) planStore.kind.value = 'path';
  });
}

/** Put start and end at once; what the planner shows stays. */
export function setEnds(/** @type {Waypoint} */ start, /** @type {Waypoint} */ end) {
  put([start, end]);
}

/** Add a via point, before the end unless an index is given; says so when there are too many. */
export function addVia(/** @type {Waypoint | null} */ point, /** @type {number | undefined} */ at = undefined) {
  const points = [...planStore.waypoints.peek()];
  if (points.length >= MOST_STOPS) {
    toast({ kind: 'warn', text: t('path.too_many', { count: MOST_STOPS - 2 }) });
    return;
  }
  points.splice(at ?? points.length - 1, 0, point);
  batch(() => {
    put(points);
    planStore.kind.value = 'path';
  });
}

/** Take a via point away. */
export function removeVia(/** @type {number} */ index) {
  put(planStore.waypoints.peek().filter((_, at) => at !== index));
}

/** Move a stop up or down in the order. */
export function moveStop(/** @type {number} */ index, /** @type {1 | -1} */ step) {
  const points = [...planStore.waypoints.peek()];
  const other = index + step;
  if (other < 0 || other >= points.length) return;
  [points[index], points[other]] = [points[other], points[index]];
  put(points);
}

export function swapEnds() {
  put([...planStore.waypoints.peek()].reverse());
}

export function clearPath() {
  put([null, null]);
}

/** The role of a stop and its mark on the map. */
export function roleOf(/** @type {number} */ index, /** @type {number} */ count) {
  if (index === 0) return { role: /** @type {const} */ ('start'), mark: 'A' };
  if (index === count - 1) return { role: /** @type {const} */ ('end'), mark: 'B' };
  return { role: /** @type {const} */ ('via'), mark: String(index) };
}
