// @ts-check
/** The search: one box for names, routes, stakes, ports, codes and coordinates. */
import { batch, signal } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { Latest } from '../core/latest.js';
import { nearOf, stepTo } from '../core/search.js';
import en from '../core/i18n/en.js';
import zh from '../core/i18n/zh.js';
import { url } from '../core/store.js';
import { viewStore } from './view.js';

/** @typedef {import('../core/types.js').SearchResult} Result */
/** @typedef {import('../core/types.js').Text} Text */

const DELAY_MS = 160;
const LIMIT = 10;
/** What somebody types who looks for the desk of low altitude. */
const FLYING = /^(无人机|能飞|低空|飞行|适飞|drone|uav|may i fly|low alt)/i;
/** @type {Result} */
const FLY = {
  layer: '', id: null, label: { zh: zh['search.fly'], en: en['search.fly'] },
  kind_label: { zh: zh['side.air'], en: en['side.air'] }, codes: null, origin: null, center: [0, 0], action: 'fly',
};

export const searchStore = {
  query: signal(''),
  /** What the results answer; empty while an answer is awaited. */
  asked: signal(''),
  results: signal(/** @type {Result[]} */ ([])),
  /** Why a stake that was named is not found. */
  note: signal(/** @type {Text | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  /** The marked result; -1 when none is. */
  active: signal(-1),
  open: signal(false),
  /** The stake, stretch or position that was chosen last, which has no feature to show: the map's pin. */
  pin: signal(/** @type {Result | null} */ (null)),
  /** What is done with the first result when it comes: Enter was pressed before. */
  waiting: signal(/** @type {((result: Result) => void) | null} */ (null)),
};

const newest = new Latest();
const later = debounce(() => ask(), DELAY_MS);

/** Take in what was typed; the answer follows shortly. */
export function type(/** @type {string} */ text) {
  batch(() => {
    searchStore.query.value = text;
    searchStore.open.value = true;
    searchStore.asked.value = '';
    searchStore.waiting.value = null;
  });
  later();
}

/** Ask for what stands in the box. */
export async function ask() {
  const query = searchStore.query.peek().trim();
  newest.abort();
  if (!query) {
    pinResult(null);
    settle('', []);
    return;
  }
  try {
    const params = { q: query, limit: LIMIT, lang: url.lang.peek(), near: nearOf(viewStore.camera.peek()) };
    const answer = await request('search', { params, signal: newest.begin() });
    searchStore.note.value = answer.note;
    searchStore.error.value = null;
    settle(query, FLYING.test(query) ? [FLY, ...answer.results] : answer.results);
  } catch (error) {
    if (aborted(error)) return;
    searchStore.error.value = error;
    settle(query, searchStore.results.peek());
  }
}

function settle(/** @type {string} */ query, /** @type {Result[]} */ results) {
  const run = searchStore.waiting.peek();
  batch(() => {
    searchStore.results.value = results;
    searchStore.asked.value = query;
    searchStore.active.value = query && results.length ? 0 : -1;
    searchStore.waiting.value = null;
  });
  if (run && query && results.length) run(results[0]);
}

/** Mark the next result or the one before it. */
export function mark(/** @type {number} */ step) {
  const count = searchStore.results.peek().length;
  batch(() => {
    searchStore.open.value = true;
    searchStore.active.value = stepTo(searchStore.active.peek(), step, count);
  });
}

/** Give the marked result to `run`: at once, or when the answer to what was typed comes. */
export function enter(/** @type {(result: Result) => void} */ run) {
  if (searchStore.asked.peek() !== searchStore.query.peek().trim()) {
    searchStore.waiting.value = run;
    return;
  }
  const result = searchStore.results.peek()[searchStore.active.peek()];
  if (result) run(result);
}

/** Mark a place on the map that is no feature, or take the mark away with null. */
export function pinResult(/** @type {Result | null} */ result) {
  searchStore.pin.value = result;
}

export function openSearch(/** @type {boolean} */ open) {
  searchStore.open.value = open;
}

/** Close the list, with nothing marked. */
export function leaveSearch() {
  batch(() => {
    searchStore.open.value = false;
    searchStore.active.value = -1;
  });
}
