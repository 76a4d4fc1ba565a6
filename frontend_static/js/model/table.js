// @ts-check
/** The table twin of a map layer: same query, full counts, paging by the next link. */
import { batch, effect, signal, untracked } from '@preact/signals-core';
import { aborted, address, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { findLayer, layerStore } from './layers.js';
import { viewStore } from './view.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('../core/types.js').Layer} Layer */
/** @typedef {{ rows: Feature[], from: number, next: string | null }} Page */

const ROWS = 100;

export const tableStore = {
  /** The map alone, or the table beside it. */
  view: url.view,
  layer: url.table,
  within: url.within,
  sort: url.sort,
  /** CQL2 text that the rows are limited to, as a number's link names it. */
  filter: url.filter,
  page: signal(/** @type {Page} */ ({ rows: [], from: 0, next: null })),
  total: signal(/** @type {number | null} */ (null)),
  loading: signal(false),
  error: signal(/** @type {unknown} */ (null)),
};

const newest = new Latest();

/** Open the table, of a layer when one is named; a second call for the same layer closes it. */
export function toggleTable(/** @type {string | undefined} */ layer = undefined) {
  if (url.view.peek() === 'table' && (layer === undefined || layer === url.table.peek())) {
    closeTable();
    return;
  }
  if (layer && layer !== url.table.peek()) chooseTable(layer);
  if (!url.table.peek()) {
    url.table.value = layerStore.catalogue.peek()?.kpis[0]?.layer ?? layerStore.shown.peek()[0] ?? null;
  }
  url.view.value = 'table';
}

export function closeTable() {
  url.view.value = 'map';
}

/** Show the rows of another layer, in its own order. */
export function chooseTable(/** @type {string} */ layer) {
  batch(() => {
    url.sort.value = null;
    url.filter.value = null;
    url.table.value = layer;
  });
}

/** Show the rows of a layer that a filter lets through, wherever they are. */
export function showRows(
  /** @type {string} */ layer,
  /** @type {string | null} */ filter,
  /** @type {string | null} */ sort = null,
) {
  batch(() => {
    url.table.value = layer;
    url.filter.value = filter;
    url.sort.value = sort;
    url.within.value = false;
    url.view.value = 'table';
  });
}

export function clearFilter() {
  url.filter.value = null;
}

export function setWithin(/** @type {boolean} */ within) {
  url.within.value = within;
}

export function sortBy(/** @type {string | null} */ sort) {
  url.sort.value = sort;
}

/** The part of the world that the rows of a layer are limited to, as a parameter. */
export function bboxOf(/** @type {Layer} */ layer) {
  const bounds = url.within.value && layer.geometry !== 'none' ? viewStore.bounds.value : null;
  return bounds?.map((edge) => edge.toFixed(5)).join(',');
}

/** The filter of the query that the table and its count share; one by CQL2 names its own times. */
export function tableFilter(/** @type {Layer} */ layer) {
  const filter = url.filter.value ?? undefined;
  return { bbox: bboxOf(layer), filter, datetime: (!filter && layer.time && url.time.value) || undefined };
}

/** Follow the inputs of the table while it is open. */
export function watchTable() {
  effect(() => {
    const layer = findLayer(url.table.value);
    if (url.view.value !== 'table' || !layer) return;
    void layerStore.bumps.value[layer.id];
    void [tableFilter(layer), url.sort.value];
    untracked(() => loadTable(layer));
  });
}

/** Read the first page and the count. */
export async function loadTable(/** @type {Layer} */ layer) {
  const filter = tableFilter(layer);
  const href = address(layer.items, { ...filter, sortby: url.sort.peek(), limit: ROWS });
  await read(href, 0, (signal) => request(`collections/${layer.id}/count`, { params: filter, signal }));
}

/** Turn to the next page; tells whether that worked. */
export async function turnPage() {
  const { rows, from, next } = tableStore.page.peek();
  return next !== null && read(next, from + rows.length);
}

/**
 * Read a page, and the count where one is asked for.
 *
 * @param {string} href
 * @param {number} from
 * @param {(signal: AbortSignal) => Promise<{ count: number }> | null} count
 */
async function read(href, from, count = () => null) {
  const signal = newest.begin();
  tableStore.loading.value = true;
  try {
    const [page, counted] = await Promise.all([request(href, { signal }), count(signal)]);
    const next = page.links?.find((/** @type {any} */ link) => link.rel === 'next')?.href ?? null;
    batch(() => {
      tableStore.page.value = { rows: page.features, from, next };
      if (counted) tableStore.total.value = counted.count;
      tableStore.error.value = null;
      tableStore.loading.value = false;
    });
    return true;
  } catch (error) {
    if (aborted(error)) return false;
    tableStore.error.value = error;
    tableStore.loading.value = false;
    return false;
  }
}
