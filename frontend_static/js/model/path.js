// @ts-check
/** The path planner: ask for paths when its inputs change, and again when the network changes. */
import { batch, effect } from '@preact/signals-core';
import { aborted, address, explain, request, send } from '../core/api.js';
import { now as serverNow } from '../core/clock.js';
import { save } from '../core/download.js';
import { number, t } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { planStore } from './plan.js';
import { profile } from './profiles.js';
import { shellStore, showPanel } from './shell.js';
import { timeStore } from './time.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').PathResult} PathResult */

const DELAY_MS = 80;
/** Other ways that are asked for beside the best one. */
const ALTERNATIVES = 2;

const newest = new Latest();

/** The vehicle and the time, as every question to the network says them. */
export function conditions() {
  /** @type {Record<string, unknown>} */
  const body = { profile: planStore.profile.value };
  const hazmat = planStore.hazmat.value;
  const vehicle = { ...planStore.vehicle.value, ...(hazmat ? { hazmat } : {}) };
  if (Object.keys(vehicle).length) body.vehicle = vehicle;
  if (planStore.unknown.value === 'refuse') body.unknown_limits = 'refuse';
  const when = planStore.when.value;
  const leave = when?.mode === 'depart' ? when.at : timeStore.at.value;
  if (leave && when?.mode !== 'arrive') body.depart_at = leave;
  return body;
}

/** What is asked, or null while a waypoint is missing. */
function question() {
  const points = planStore.waypoints.value;
  if (points.length < 2 || points.some((point) => point === null)) return null;
  /** @type {Record<string, unknown>} */
  const body = {
    ...conditions(),
    waypoints: points.map((p) => p && [p.lon, p.lat]),
    alternatives: ALTERNATIVES,
    include: profile()?.permit ? ['steps', 'areas'] : ['steps'],
  };
  const when = planStore.when.value;
  if (when?.mode === 'arrive') body.arrive_by = when.at;
  return body;
}

/** Follow the inputs of the planner. */
export function watchPath() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  effect(() => {
    const body = question();
    clearTimeout(timer);
    newest.abort();
    if (!body) planStore.path.value = { state: 'empty' };
    else timer = setTimeout(() => compute(body), DELAY_MS);
  });
  effect(() => {
    followPin(planStore.pin.value);
  });
}

/** Compute the path again, as after a change of the network. */
export function recompute() {
  const body = question();
  if (body) compute(body);
}

/** Compute again when the network has a newer version than the answers on show. */
export function networkChanged(/** @type {number | undefined} */ version) {
  const state = planStore.path.peek();
  const held = 'now' in state ? state.now?.version : undefined;
  if (held === undefined || version === undefined || version > held) recompute();
  if (version === undefined || version > planStore.newest.peek()) askAgain();
  planStore.newest.value = Math.max(planStore.newest.peek(), version ?? 0);
}

/** Ask again for what can be reached and what is nearest. */
export function askAgain() {
  planStore.asked.value = planStore.asked.peek() + 1;
}

async function compute(/** @type {Record<string, unknown>} */ body) {
  const signal = newest.begin();
  const key = JSON.stringify(body);
  const old = planStore.path.peek();
  const now = 'now' in old && old.now?.key === key ? old.now : undefined;
  const before = 'before' in old && old.before?.key === key ? old.before : undefined;
  planStore.path.value = { state: 'loading', now, before };
  try {
    const answer = await request('paths', { method: 'POST', body, signal });
    settle(key, answer, now, before);
  } catch (error) {
    if (aborted(error)) return;
    planStore.path.value = { state: 'error', error: /** @type {Error} */ (error), before: before ?? now };
  }
}

/** The path of an answer that is chosen, or its best one. */
export function chosen(/** @type {PathResult} */ path) {
  return path.features[planStore.choice.value] ?? path.feature;
}

const kilometres = (/** @type {import('../core/types.js').Feature} */ feature) =>
  Math.round(feature.properties.length_m / 1000);

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
  planStore.path.value = { state: 'ready', now, before: back ? undefined : base };
  if (held && !same(held, now) && shellStore.panel.peek() !== 'path') {
    const values = { before: number(kilometres(held.feature)), after: number(kilometres(now.feature)) };
    const run = () => showPanel('path');
    toast({ kind: 'info', text: t('path.changed', values), action: { label: t('side.path'), run } });
  }
}

/**
 * Keep the path on show to compare the next ones with it; without one, stop comparing. The address
 * keeps its question as of now, so that who opens it compares with the same path.
 */
export function pin(/** @type {PathResult | null} */ path) {
  if (!path) {
    planStore.pin.value = null;
    return;
  }
  const { include: _include, alternatives: _alternatives, ...body } = JSON.parse(path.key);
  const asOf = new Date(serverNow()).toISOString();
  const wanted = { body: { ...body, as_of: asOf }, choice: planStore.choice.peek() };
  batch(() => {
    planStore.compared.value = { pin: wanted, feature: chosen(path) };
    planStore.pin.value = wanted;
  });
}

/** Follow the pinned question of the address: ask it when its answer is not at hand. */
async function followPin(/** @type {import('../core/hash.js').Pin | null} */ wanted) {
  if (!wanted) planStore.compared.value = null;
  if (!wanted || planStore.compared.peek()?.pin === wanted) return;
  const current = () => planStore.pin.peek() === wanted;
  try {
    const body = { ...wanted.body, alternatives: wanted.choice ? ALTERNATIVES : 0 };
    const answer = await request('paths', { method: 'POST', body });
    const feature = answer.features[wanted.choice] ?? answer.features[0];
    if (current()) planStore.compared.value = { pin: wanted, feature };
  } catch (error) {
    if (current()) planStore.pin.value = null;
    toast({ kind: 'warn', text: explain(error) });
  }
}

/** The path that the chosen one is compared with: the pinned one, or that of before a closure. */
export function baseline() {
  const state = planStore.path.value;
  if (planStore.pinned.value) return planStore.pinned.value;
  return 'before' in state && state.before ? state.before.feature : null;
}

/** Before and after of a path, or null when there is nothing to compare with. */
export function comparison() {
  const state = planStore.path.value;
  const base = baseline();
  if (!('now' in state) || !state.now || !base) return null;
  const [before, after] = [kilometres(base), kilometres(chosen(state.now))];
  const diff = signed(after - before);
  const text = t('path.before_after', { before: number(before), after: number(after), diff });
  return { text, base, now: chosen(state.now) };
}

/** A difference with its sign. */
export const signed = (/** @type {number} */ value, digits = 0) =>
  `${value < 0 ? '−' : '+'}${number(Math.abs(value), digits)}`;

/** Put the via points in the order of the shortest tour, and say whether it is proven. */
export async function optimiseOrder() {
  planStore.ordering.value = true;
  try {
    await order();
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  } finally {
    planStore.ordering.value = false;
  }
}

async function order() {
  const asks = question();
  if (!asks) return;
  const asked = planStore.waypoints.peek();
  const body = { ...asks, order: 'optimal', alternatives: 0, include: [] };
  const answer = await request('paths', { method: 'POST', body });
  if (asked !== planStore.waypoints.peek()) return;
  const { waypoint_order: found, waypoint_order_proven: proven } = answer.features[0].properties;
  planStore.waypoints.value = found.map((/** @type {number} */ at) => asked[at]);
  toast({ kind: 'ok', text: t(proven ? 'path.order_proven' : 'path.order_bound') });
}

/** Save the path on show as GPX. */
export async function downloadGpx() {
  const body = question();
  if (!body) return;
  const others = planStore.choice.peek() ? ALTERNATIVES : 0;
  const response = await send(address('paths', { f: 'gpx' }), {
    method: 'POST',
    body: { ...body, alternatives: others },
    headers: { Accept: 'application/gpx+xml' },
  });
  save(await response.blob(), 'sigang-path.gpx');
}
