// @ts-check
/** What can be reached from a place, and which facilities are nearest by the network. */
import { batch, effect } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { conditions } from './path.js';
import { planStore } from './plan.js';
import { showPanel } from './shell.js';
import { setEnds } from './stops.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('../core/hash.js').Waypoint} Waypoint */
/** @typedef {import('../core/types.js').ReachState} State */

const DELAY_MS = 120;
/** Facilities that are listed. */
const MOST_NEAREST = 10;
const PER_UNIT = { min: { name: 'duration_s', factor: 60 }, km: { name: 'length_m', factor: 1000 } };

/**
 * Choose the place that reach and nearest facilities start from.
 *
 * @param {Waypoint | null} point
 * @param {'reach' | 'nearest'} [kind]
 */
export function setOrigin(point, kind) {
  batch(() => {
    planStore.origin.value = point;
    showPanel('path');
    if (kind) planStore.kind.value = kind;
  });
}

/**
 * Keep an answer in step with its question.
 *
 * @param {import('@preact/signals-core').Signal<State>} target
 * @param {string} path
 * @param {() => Record<string, unknown> | null} question
 */
function follow(target, path, question) {
  const newest = new Latest();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = '';
  const ask = async (/** @type {Record<string, unknown>} */ body) => {
    const key = JSON.stringify(body);
    const old = target.peek();
    target.value = { state: 'loading', features: key === asked && 'features' in old ? old.features : [] };
    asked = key;
    try {
      const answer = await request(path, { method: 'POST', body, signal: newest.begin() });
      target.value = { state: 'ready', features: answer.features };
    } catch (error) {
      if (!aborted(error)) target.value = { state: 'error', error: /** @type {Error} */ (error) };
    }
  };
  return effect(() => {
    const body = question();
    void planStore.asked.value;
    clearTimeout(timer);
    newest.abort();
    if (body) timer = setTimeout(() => ask(body), DELAY_MS);
    else target.value = { state: 'empty' };
  });
}

function reachQuestion() {
  const origin = planStore.origin.value;
  if (planStore.kind.value !== 'reach' || !origin) return null;
  const { way, unit, values } = planStore.contours.value;
  const { name, factor } = PER_UNIT[unit];
  return {
    ...conditions(),
    points: [[origin.lon, origin.lat]],
    direction: way,
    contours: values.map((value) => ({ [name]: value * factor })),
  };
}

function nearestQuestion() {
  const origin = planStore.origin.value;
  const { layer, way, minutes } = planStore.near.value;
  if (planStore.kind.value !== 'nearest' || !origin || !layer) return null;
  return {
    ...conditions(),
    point: [origin.lon, origin.lat],
    layer,
    limit: MOST_NEAREST,
    direction: way,
    max_duration_s: minutes * 60,
  };
}

/** Follow the inputs of both. */
export function watchReach() {
  follow(planStore.reach, 'reach', reachQuestion);
  follow(planStore.nearest, 'nearest', nearestQuestion);
}

/** Ask again after an error. */
export const retryReach = () => planStore.asked.value++;

/** The number of a contour in the unit of the panel, widest last. */
export function contourValue(/** @type {Feature} */ feature) {
  const contour = feature.properties.contour ?? {};
  const { duration_s: seconds, length_m: metres } = contour;
  return seconds === undefined || seconds === null ? metres / 1000 : seconds / 60;
}

/** Contours from the widest to the narrowest: the order in which they are drawn. */
export function contoursOf(/** @type {State} */ state) {
  const all = 'features' in state ? state.features : [];
  return [...all].sort((a, b) => contourValue(b) - contourValue(a));
}

/** Draw the path between a facility and the place, in the direction that was asked for. */
export function drive(/** @type {Waypoint} */ facility) {
  const origin = planStore.origin.peek();
  if (!origin) return;
  if (planStore.near.peek().way === 'to_point') setEnds(facility, origin);
  else setEnds(origin, facility);
}
