// @ts-check
/** A refused path: which edges refuse the vehicle, and what must give for it to pass. */
import { batch, computed, effect, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { closable, layerStore } from './layers.js';
import { planStore } from './plan.js';
import { shellStore } from './shell.js';

/** @typedef {import('../core/types.js').Blocking} Blocking */
/** @typedef {import('../core/api.js').Problem} Problem */

const LIMIT_VIOLATED = 'limit-violated';
const newest = new Latest();

/** Tell whether a problem says that limits of the vehicle are in the way. */
export const refused = (/** @type {unknown} */ error) =>
  String(/** @type {any} */ (error)?.type ?? '').endsWith(LIMIT_VIOLATED);

/** The refusal of the path, or null when it is not refused. */
export function refusal() {
  const state = planStore.path.value;
  return state.state === 'error' && refused(state.error) ? /** @type {Problem} */ (state.error) : null;
}

/** The layer that the edges of the network are in. */
export const edgeLayer = () =>
  layerStore.catalogue.value?.layers.find((entry) => closable(entry) && entry.geometry === 'line');

/** Ids of the edges that refuse, each once, in their order. @returns {string[]} */
export const refusing = (/** @type {Problem} */ problem) => [
  ...new Set(/** @type {Blocking[]} */ (problem.body.edges ?? []).map((edge) => edge.edge)),
];

/** Draw the edges that refuse while the refusal is on show, as often as another path is refused. */
export function watchRefusal() {
  const items = computed(() => edgeLayer()?.items ?? null);
  effect(() => {
    const shown = shellStore.panel.value === 'path' && planStore.kind.value === 'path';
    const problem = shown ? refusal() : null;
    const asked = problem && items.value;
    untracked(() => {
      clear();
      if (asked) locate(asked, refusing(problem));
    });
  });
}

function clear() {
  newest.abort();
  batch(() => {
    if (planStore.blocking.peek().length) planStore.blocking.value = [];
    planStore.held.value = null;
    planStore.pointed.value = null;
  });
}

/** Fetch the geometry of edges. */
async function locate(/** @type {string} */ items, /** @type {string[]} */ ids) {
  if (!ids.length) return;
  const params = { filter: `id IN (${ids.map((id) => `'${id}'`).join(',')})`, limit: ids.length };
  try {
    const found = await request(items, { params, signal: newest.begin() });
    planStore.blocking.value = found.features;
  } catch (error) {
    if (!aborted(error)) throw error;
  }
}
