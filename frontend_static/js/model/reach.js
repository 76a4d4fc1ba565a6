// @ts-check
/** What can be reached from a place, and which facilities are nearest by the network. */
import { batch, effect } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { conditions } from './path.js';
import { setEnds } from './stops.js';
import { data, url } from '../core/store.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('../core/hash.js').Waypoint} Waypoint */
/** @typedef {import('../core/types.js').ReachState} State */

const DELAY_MS = 120;
/** Facilities that are listed. */
const MOST_NEAREST = 10;
const PER_UNIT = { min: { name: 'duration_s', factor: 60 }, km: { name: 'length_m', factor: 1000 } };

/** Choose the place that reach and nearest facilities start from. */
export function setOrigin(/** @type {Waypoint | null} */ point, /** @type {'reach' | 'nearest' | undefined} */ plan = undefined) {
  batch(() => {
    url.origin.value = point;
    url.panel.value = 'path';
    if (plan) url.plan.value = plan;
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
  /** @type {AbortController | null} */
  let running = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = '';
  const ask = async (/** @type {Record<string, unknown>} */ body) => {
    const key = JSON.stringify(body);
    const old = target.peek();
    target.value = { state: 'loading', features: key === asked && 'features' in old ? old.features : [] };
    asked = key;
    running = new AbortController();
    try {
      const answer = await request(path, { method: 'POST', body, signal: running.signal });
      target.value = { state: 'ready', features: answer.features };
    } catch (error) {
      if (!aborted(error)) target.value = { state: 'error', error: /** @type {Error} */ (error) };
    }
  };
  return effect(() => {
    const body = question();
    void data.asked.value;
    clearTimeout(timer);
    running?.abort();
    if (body) timer = setTimeout(() => ask(body), DELAY_MS);
    else target.value = { state: 'empty' };
  });
}

function reachQuestion() {
  const origin = url.origin.value;
  if (url.plan.value !== 'reach' || !origin) return null;
  const { way, unit, values } = url.contours.value;
  const { name, factor } = PER_UNIT[unit];
  return {
    ...conditions(),
    points: [[origin.lon, origin.lat]],
    direction: way,
    contours: values.map((value) => ({ [name]: value * factor })),
  };
}

function nearestQuestion() {
  const origin = url.origin.value;
  const { layer, way, minutes } = url.near.value;
  if (url.plan.value !== 'nearest' || !origin || !layer) return null;
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
  follow(data.reach, 'reach', reachQuestion);
  follow(data.nearest, 'nearest', nearestQuestion);
}

/** Ask again after an error. */
export const retryReach = () => data.asked.value++;

/** The number of a contour in the unit of the panel, widest last. */
export function contourValue(/** @type {Feature} */ feature) {
  const contour = feature.properties.contour ?? {};
  return contour.duration_s === undefined || contour.duration_s === null ? contour.length_m / 1000 : contour.duration_s / 60;
}

/** Contours from the widest to the narrowest: the order in which they are drawn. */
export function contoursOf(/** @type {State} */ state) {
  const all = 'features' in state ? state.features : [];
  return [...all].sort((a, b) => contourValue(b) - contourValue(a));
}

/** Draw the path between a facility and the place, in the direction that was asked for. */
export function drive(/** @type {Waypoint} */ facility) {
  const origin = url.origin.peek();
  if (!origin) return;
  if (url.near.peek().way === 'to_point') setEnds(facility, origin);
  else setEnds(origin, facility);
}
