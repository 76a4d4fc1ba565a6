// @ts-check
/** How many rows of the table's layer fall into each hour of the day that is asked for. */
import { batch, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { midnight, rfc3339 } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { findLayer, layerStore } from './layers.js';
import { bboxOf } from './table.js';
import { askedInstant } from './time.js';

/** @typedef {{ layer: string, start: number, bbox: string | undefined, bump: number | undefined }} Question */
/** @typedef {{ start: number, counts: number[] }} Hours start in milliseconds */

export const HOURS = 24;
const HOUR_MS = 3_600_000;
const AT_ONCE = 4;

export const histogramStore = {
  asked: signal(/** @type {Question | null} */ (null)),
  hours: signal(/** @type {Hours | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
};

const newest = new Latest();

/** Ask for the counts of all hours, a few at a time. @returns {Promise<number[]>} */
async function countHours(/** @type {Question} */ { layer, start, bbox }, /** @type {AbortSignal} */ signal) {
  /** @type {number[]} */
  const counts = new Array(HOURS).fill(0);
  let next = 0;
  const worker = async () => {
    while (next < HOURS) {
      const hour = next++;
      const [begin, end] = [start + hour * HOUR_MS, start + (hour + 1) * HOUR_MS - 1000];
      const params = { bbox, datetime: `${rfc3339(begin)}/${rfc3339(end)}` };
      counts[hour] = (await request(`collections/${layer}/count`, { params, signal })).count;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return counts;
}

/** The question of the table as it is, or null when its layer has no time. @returns {Question | null} */
function question() {
  const layer = findLayer(url.table.value);
  if (url.view.value !== 'table' || !layer?.time) return null;
  return {
    layer: layer.id,
    start: midnight(askedInstant()),
    bbox: bboxOf(layer),
    bump: layerStore.bumps.value[layer.id],
  };
}

/** Follow the inputs of the histogram while the table is open. */
export function watchHistogram() {
  effect(() => {
    const wanted = question();
    untracked(() => {
      if (JSON.stringify(wanted) !== JSON.stringify(histogramStore.asked.peek())) load(wanted);
    });
  });
}

/** Ask again after an error. */
export const retryHistogram = () => load(histogramStore.asked.peek());

async function load(/** @type {Question | null} */ wanted) {
  newest.abort();
  batch(() => {
    histogramStore.asked.value = wanted;
    histogramStore.error.value = null;
    if (!wanted) histogramStore.hours.value = null;
  });
  if (!wanted) return;
  try {
    const counts = await countHours(wanted, newest.begin());
    histogramStore.hours.value = { start: wanted.start, counts };
  } catch (error) {
    if (!aborted(error)) histogramStore.error.value = error;
  }
}
