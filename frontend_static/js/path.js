// @ts-check
/** The path planner: ask for a path when its inputs change, and again when the network changes. */
import { batch, effect } from '@preact/signals-core';
import { aborted, request } from './api.js';
import { number, t } from './i18n.js';
import { data, toast, url } from './store.js';

/** @typedef {import('./hash.js').Waypoint} Waypoint */
/** @typedef {import('./types.js').PathResult} PathResult */

const DELAY_MS = 80;

/** @type {AbortController | null} */
let running = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Put a waypoint: 0 is the start, -1 the end, another index a via point. */
export function setWaypoint(/** @type {number} */ index, /** @type {Waypoint | null} */ point) {
  const points = [...url.waypoints.peek()];
  points[index < 0 ? points.length - 1 : index] = point;
  batch(() => {
    url.waypoints.value = points;
    url.panel.value = 'path';
  });
}

/** Add a via point before the end. */
export function addVia(/** @type {Waypoint | null} */ point) {
  const points = [...url.waypoints.peek()];
  points.splice(points.length - 1, 0, point);
  batch(() => {
    url.waypoints.value = points;
    url.panel.value = 'path';
  });
}

/** Take a via point away. */
export function removeVia(/** @type {number} */ index) {
  url.waypoints.value = url.waypoints.peek().filter((_, at) => at !== index);
}

export function swapEnds() {
  url.waypoints.value = [...url.waypoints.peek()].reverse();
}

export function clearPath() {
  url.waypoints.value = [null, null];
}

/** What is asked, or null while a waypoint is missing. */
function question() {
  const points = url.waypoints.value;
  if (points.length < 2 || points.some((point) => point === null)) return null;
  const profile = url.profile.value;
  /** @type {Record<string, unknown>} */
  const body = { profile, waypoints: points.map((p) => p && [p.lon, p.lat]) };
  if (profile === 'truck' && Object.keys(url.vehicle.value).length) body.vehicle = url.vehicle.value;
  if (url.time.value) body.depart_at = url.time.value;
  return body;
}

/** Follow the inputs of the planner. */
export function watchPath() {
  effect(() => {
    const body = question();
    clearTimeout(timer);
    running?.abort();
    if (!body) data.path.value = { state: 'empty' };
    else timer = setTimeout(() => compute(body), DELAY_MS);
  });
}

/** Compute the path again, as after a change of the network. */
export function recompute() {
  const body = question();
  if (body) compute(body);
}

/** Compute again when the network has a newer version than the path on show. */
export function networkChanged(/** @type {number | undefined} */ version) {
  const state = data.path.peek();
  const held = 'now' in state ? state.now?.version : undefined;
  if (held === undefined || version === undefined || version > held) recompute();
}

async function compute(/** @type {Record<string, unknown>} */ body) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  const key = JSON.stringify(body);
  const old = data.path.peek();
  const now = 'now' in old && old.now?.key === key ? old.now : undefined;
  const before = 'before' in old && old.before?.key === key ? old.before : undefined;
  data.path.value = { state: 'loading', now, before };
  try {
    const answer = await request('paths', { method: 'POST', body, signal: mine.signal });
    settle(key, answer, now, before);
  } catch (error) {
    if (aborted(error)) return;
    data.path.value = { state: 'error', error: /** @type {Error} */ (error), before: before ?? now };
  }
}

const kilometres = (/** @type {PathResult} */ path) => Math.round(path.feature.properties.length_m / 1000);

const same = (/** @type {PathResult} */ a, /** @type {PathResult} */ b) =>
  JSON.stringify(a.feature.geometry) === JSON.stringify(b.feature.geometry);

function settle(
  /** @type {string} */ key,
  /** @type {any} */ answer,
  /** @type {PathResult | undefined} */ held,
  /** @type {PathResult | undefined} */ before,
) {
  const feature = answer.features[0];
  /** @type {PathResult} */
  const now = { key, feature, version: Number(feature.properties.network_version), features: answer.features };
  const base = before ?? (held && !same(held, now) ? held : undefined);
  const back = base && same(base, now);
  data.path.value = { state: 'ready', now, before: back ? undefined : base };
  if (held && !same(held, now) && url.panel.peek() !== 'path') {
    const values = { before: number(kilometres(held)), after: number(kilometres(now)) };
    const run = () => (url.panel.value = 'path');
    toast({ kind: 'info', text: t('path.changed', values), action: { label: t('side.path'), run } });
  }
}

/** Before and after of a path that a closure changed, or null. */
export function comparison() {
  const state = data.path.value;
  if (!('now' in state) || !state.now || !state.before) return null;
  const [before, after] = [kilometres(state.before), kilometres(state.now)];
  const diff = after - before;
  return {
    text: t('path.before_after', {
      before: number(before),
      after: number(after),
      diff: `${diff < 0 ? '−' : '+'}${number(Math.abs(diff))}`,
    }),
    before,
    after,
  };
}
