// @ts-check
/** May this vessel go there, how much may it load, and what stops it: the desk of waterways. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { readPlaces, writePlaces } from '../core/air.js';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { NEW_VOYAGE, differing, loadingBody, pathBody } from '../core/voyage.js';
import { takeDrawn } from './draw.js';
import { findLayer, layerStore, setShown } from './layers.js';
import { openDrawer } from './shell.js';

/** @typedef {import('../core/voyage.js').Draft} Draft */
/** @typedef {import('../core/types.js').VoyageAnswer} VoyageAnswer */
/** @typedef {import('../core/types.js').Loading} Loading */

/** Layers of a chart of channels. */
export const CHART = ['depth_areas', 'soundings', 'navmarks', 'clearances', 'gauges', 'weirs'];
/** Edges that refuse of which the map shows the line. */
const SHOWN = 12;
const EDGES = 'waterways';

export const voyageStore = {
  draft: computed(() => /** @type {Required<Draft>} */ ({ ...NEW_VOYAGE, ...url.voyage.value })),
  answer: signal(/** @type {VoyageAnswer | null} */ (null)),
  loading: signal(/** @type {Loading | null} */ (null)),
  /** Why there are no tonnes by day. */
  loadingError: signal(/** @type {unknown} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** Rank of the way on show. */
  choice: signal(0),
  /** Edges that refuse the vessel, with their lines. */
  blocking: signal(/** @type {{ id: string, geometry: any }[]} */ ([])),
};

const newest = new Latest();

/** The places typed so far; null while there are not two that can be read. */
export function placesOf(/** @type {Required<Draft>} */ draft) {
  const places = readPlaces(draft.places);
  return places.length > 1 && places.every((at) => at.length === 2 && at.every(Number.isFinite)) ? places : null;
}

/** Fill in fields; only what differs from a usual vessel is kept. */
export function setVoyage(/** @type {Draft} */ fields) {
  url.voyage.value = differing({ ...url.voyage.peek(), ...fields });
}

/** Whether the chart is on the map. */
export const chartShown = computed(() => layerStore.shown.value.some((id) => CHART.includes(id)));

/** Show the chart on the map, or put it away. */
export const showChart = (/** @type {boolean} */ on) => setShown(CHART.filter(findLayer), on);

/** Show one of the ways. */
export function chooseWay(/** @type {number} */ rank) {
  voyageStore.choice.value = rank;
}

/** What refused the vessel, or null. */
export function refused() {
  const error = /** @type {any} */ (voyageStore.error.value);
  return String(error?.type ?? '').endsWith('limit-violated') ? error : null;
}

/** Ask for the voyage as it is typed. */
export async function askVoyage() {
  const draft = voyageStore.draft.peek();
  const places = placesOf(draft);
  if (!places) return;
  const signal = newest.begin();
  voyageStore.working.value = true;
  const loading = loadingBody(draft, places);
  const [path, tonnes] = await Promise.allSettled([
    request('waterway/path', { method: 'POST', body: pathBody(draft, places), signal }),
    loading ? request('waterway/loading', { method: 'POST', body: loading, signal }) : Promise.resolve(null),
  ]);
  if (path.status === 'rejected' && aborted(path.reason)) return;
  batch(() => {
    voyageStore.answer.value = path.status === 'fulfilled' ? path.value : null;
    voyageStore.error.value = path.status === 'rejected' ? path.reason : null;
    voyageStore.loading.value = tonnes.status === 'fulfilled' ? tonnes.value : null;
    voyageStore.loadingError.value = tonnes.status === 'rejected' ? tonnes.reason : null;
    voyageStore.choice.value = 0;
    voyageStore.working.value = false;
    voyageStore.blocking.value = [];
  });
  await fetchBlocking(signal);
}

/** Fetch the lines of the edges that refuse, or that leave it in doubt. */
async function fetchBlocking(/** @type {AbortSignal} */ signal) {
  const told = refused()?.body.limits ?? voyageStore.answer.peek()?.features[0]?.properties.doubts ?? [];
  const ids = [...new Set(told.map((/** @type {any} */ { edge }) => edge))].slice(0, SHOWN);
  const found = await Promise.allSettled(ids.map((id) => request(`collections/${EDGES}/items/${id}`, { signal })));
  if (signal.aborted) return;
  voyageStore.blocking.value = found.flatMap((one) =>
    (one.status === 'fulfilled' ? [{ id: String(one.value.id), geometry: one.value.geometry }] : []));
}

/** Take in what is drawn, and ask at once what an address names. */
export function watchVoyage() {
  takeDrawn('voyage', (_, points) => {
    setVoyage({ places: writePlaces(points) });
    openDrawer('side');
    askVoyage();
  });
  let asked = false;
  effect(() => {
    if (asked || url.panel.value !== 'water') return;
    asked = true;
    if (placesOf(voyageStore.draft.peek())) untracked(askVoyage);
  });
}
