// @ts-check
/** The path planner: ask for paths when its inputs change, and again when the network changes. */
import { batch, effect } from '@preact/signals-core';
import { aborted, address, explain, request, send } from '../core/api.js';
import { number, t } from '../core/i18n.js';
import { data, toast, url } from '../core/store.js';

/** @typedef {import('../core/types.js').PathResult} PathResult */

const DELAY_MS = 80;
/** Other ways that are asked for beside the best one. */
const ALTERNATIVES = 2;

/** @type {AbortController | null} */
let running = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** The newest version of the network that the server told. */
let newest = 0;

/** The vehicle and the time, as every question to the network says them. */
export function conditions() {
  /** @type {Record<string, unknown>} */
  const body = { profile: url.profile.value };
  const hazmat = url.hazmat.value;
  const vehicle = { ...url.vehicle.value, ...(hazmat ? { hazmat } : {}) };
  if (Object.keys(vehicle).length) body.vehicle = vehicle;
  if (url.unknown.value === 'refuse') body.unknown_limits = 'refuse';
  const when = url.when.value;
  const leave = when?.mode === 'depart' ? when.at : url.time.value;
  if (leave && when?.mode !== 'arrive') body.depart_at = leave;
  return body;
}

/** What is asked, or null while a waypoint is missing. */
function question() {
  const points = url.waypoints.value;
  if (points.length < 2 || points.some((point) => point === null)) return null;
  const profile = data.profiles.value.find((entry) => entry.id === url.profile.value);
  /** @type {Record<string, unknown>} */
  const body = {
    ...conditions(),
    waypoints: points.map((p) => p && [p.lon, p.lat]),
    alternatives: ALTERNATIVES,
    include: profile?.permit ? ['steps', 'areas'] : ['steps'],
  };
  const when = url.when.value;
  if (when?.mode === 'arrive') body.arrive_by = when.at;
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
  effect(() => {
    followPin(url.pin.value);
  });
}

/** Compute the path again, as after a change of the network. */
export function recompute() {
  const body = question();
  if (body) compute(body);
}

/** Compute again when the network has a newer version than the answers on show. */
export function networkChanged(/** @type {number | undefined} */ version) {
  const state = data.path.peek();
  const held = 'now' in state ? state.now?.version : undefined;
  if (held === undefined || version === undefined || version > held) recompute();
  if (version === undefined || version > newest) data.asked.value++;
  newest = Math.max(newest, version ?? newest);
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

/** The path of an answer that is chosen, or its best one. */
export function chosen(/** @type {PathResult} */ path) {
  return path.features[url.choice.value] ?? path.feature;
}

const kilometres = (/** @type {import('../core/types.js').Feature} */ feature) => Math.round(feature.properties.length_m / 1000);

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
    const values = { before: number(kilometres(held.feature)), after: number(kilometres(now.feature)) };
    const run = () => (url.panel.value = 'path');
    toast({ kind: 'info', text: t('path.changed', values), action: { label: t('side.path'), run } });
  }
}

/** The question of the pinned path that `data.pinned` answers. @type {import('../core/hash.js').Pin | null} */
let pinned = null;

/**
 * Keep the path on show to compare the next ones with it; without one, stop comparing. The address
 * keeps its question as of now, so that who opens it compares with the same path.
 */
export function pin(/** @type {PathResult | null} */ path) {
  if (!path) {
    url.pin.value = null;
    return;
  }
  const { include: _include, alternatives: _alternatives, ...body } = JSON.parse(path.key);
  const asOf = new Date(Date.now() + data.skew.peek()).toISOString();
  pinned = { body: { ...body, as_of: asOf }, choice: url.choice.peek() };
  batch(() => {
    data.pinned.value = chosen(path);
    url.pin.value = pinned;
  });
}

/** Follow the pinned question of the address: ask it when its answer is not at hand. */
async function followPin(/** @type {import('../core/hash.js').Pin | null} */ wanted) {
  if (wanted === pinned) return;
  pinned = wanted;
  if (!wanted) {
    data.pinned.value = null;
    return;
  }
  try {
    const body = { ...wanted.body, alternatives: wanted.choice ? ALTERNATIVES : 0 };
    const answer = await request('paths', { method: 'POST', body });
    if (pinned === wanted) data.pinned.value = answer.features[wanted.choice] ?? answer.features[0];
  } catch (error) {
    if (pinned === wanted) url.pin.value = null;
    toast({ kind: 'warn', text: explain(error) });
  }
}

/** The path that the chosen one is compared with: the pinned one, or that of before a closure. */
export function baseline() {
  const state = data.path.value;
  if (data.pinned.value) return data.pinned.value;
  return 'before' in state && state.before ? state.before.feature : null;
}

/** Before and after of a path, or null when there is nothing to compare with. */
export function comparison() {
  const state = data.path.value;
  const base = baseline();
  if (!('now' in state) || !state.now || !base) return null;
  const [before, after] = [kilometres(base), kilometres(chosen(state.now))];
  const text = t('path.before_after', { before: number(before), after: number(after), diff: signed(after - before) });
  return { text, base, now: chosen(state.now) };
}

/** A difference with its sign. */
export const signed = (/** @type {number} */ value, digits = 0) => `${value < 0 ? '−' : '+'}${number(Math.abs(value), digits)}`;

/** Put the via points in the order of the shortest tour, and say whether it is proven. */
export async function optimiseOrder() {
  const body = question();
  if (!body) return;
  const asked = url.waypoints.peek();
  const answer = await request('paths', { method: 'POST', body: { ...body, order: 'optimal', alternatives: 0, include: [] } });
  if (asked !== url.waypoints.peek()) return;
  const { waypoint_order: order, waypoint_order_proven: proven } = answer.features[0].properties;
  url.waypoints.value = order.map((/** @type {number} */ at) => asked[at]);
  toast({ kind: 'ok', text: t(proven ? 'path.order_proven' : 'path.order_bound') });
}

/** Save the path on show as GPX. */
export async function downloadGpx() {
  const body = question();
  if (!body) return;
  const others = url.choice.peek() ? ALTERNATIVES : 0;
  const response = await send(address('paths', { f: 'gpx' }), {
    method: 'POST',
    body: { ...body, alternatives: others },
    headers: { Accept: 'application/gpx+xml' },
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = 'sigang-path.gpx';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
