// @ts-check
/** Where one may fly at the height, time and aircraft of the flight plan: cells of the BeiDou grid. */
import { computed, effect, signal } from '@preact/signals-core';
import { aborted, address, request } from '../core/api.js';
import { beginOf } from '../core/air.js';
import { rfc3339 } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { flightStore } from './flight.js';
import { shellStore } from './shell.js';
import { askedInstant } from './time.js';

/** @typedef {{ verdict: string, sign: { zh: string, en: string }, zh: string, en: string }} CellLegend */
/** @typedef {{ valid_until: string | null, legend: CellLegend[] }} CellFacts */

const TILES = 'airspace/suitability/tiles/WebMercatorQuad';
const FOOT_M = 0.3048;
const METRES_DIGITS = 2;
const MINUTE_MS = 60_000;

export const cellStore = {
  on: url.cells,
  /** What the server says of the cells that are asked for. */
  facts: signal(/** @type {CellFacts | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  /** The cell that was clicked. */
  cell: signal(/** @type {Record<string, any> | null} */ (null)),
};

/** What cells are asked for: the upper height of the plan, to the minute; null while they are off. */
export const cellQuery = computed(() => {
  if (!cellStore.on.value || shellStore.panel.value !== 'air') return null;
  const { upper, datum, unit, aircraft, task, qnh, from } = flightStore.draft.value;
  const metres = Number(upper) * (unit === 'ft' ? FOOT_M : 1);
  const begin = beginOf(flightStore.draft.value, from.trim() ? 0 : askedInstant());
  if (!upper.trim() || Number.isNaN(begin)) return null;
  return {
    height: String(Number(metres.toFixed(METRES_DIGITS))), datum, aircraft, task,
    at: rfc3339(Math.floor(begin / MINUTE_MS) * MINUTE_MS),
    ...(qnh.trim() ? { qnh_hpa: qnh.trim() } : {}),
  };
});

/** The address of the tiles of what is asked for. */
export const cellTiles = computed(() => {
  const asked = cellQuery.value;
  if (!asked) return null;
  return `${address(TILES)}/{z}/{y}/{x}?${new URLSearchParams(asked)}`;
});

/** Show the cells, or hide them. */
export function showCells(/** @type {boolean} */ on) {
  cellStore.on.value = on;
}

/** Tell of a cell that was clicked; null is none. */
export function tellCell(/** @type {Record<string, any> | null} */ cell) {
  cellStore.cell.value = cell;
}

const newest = new Latest();

/** Ask what the signs of the cells mean, and until when they hold. */
effect(() => {
  const asked = cellQuery.value;
  newest.abort();
  cellStore.cell.value = null;
  if (!asked) return;
  request(TILES, { params: asked, signal: newest.begin() }).then(
    (found) => {
      cellStore.facts.value = found;
      cellStore.error.value = null;
    },
    (error) => {
      if (!aborted(error)) cellStore.error.value = error;
    },
  );
});
