// @ts-check
/** Enforcement heat: what is chosen, the surface that the map shows of it, the cell that is open. */
import { computed, signal } from '@preact/signals-core';
import { address } from '../core/api.js';
import {
  NEW_HEAT, chosenHeat, halvesOf, middleOf, periodBefore, periodOf, questionOf, slicesOf, wholeMonths,
} from '../core/heat.js';
import { day } from '../core/i18n.js';
import { url } from '../core/store.js';
import { ORIGINS, findLayer, layerStore } from './layers.js';
import { showPanel } from './shell.js';

/** @typedef {import('../core/heat.js').Asked} Asked */
/** @typedef {import('../core/types.js').HeatLayer} HeatLayer */

const LAYER = 'heat';
/** The surface of which the address carries a second period. */
const DIFFERENCE = 'difference';
const DAY_MS = 86_400_000;
const FRAME_MS = 1200;
/** Layers whose times say which days there are. */
const RECORDS = ['inspections', 'cases'];

export const heatStore = {
  /** All that is chosen, defaults filled in. */
  asked: computed(() => /** @type {Required<Asked>} */ ({ ...NEW_HEAT, ...url.heat.value })),
  /** What the map has of the cell that was clicked. */
  cell: signal(/** @type {Record<string, any> | null} */ (null)),
  /** The template of the tiles that have arrived on the map. */
  drawn: signal(/** @type {string | null} */ (null)),
  /** The timer of the animation while it runs. */
  player: signal(/** @type {ReturnType<typeof setInterval> | null} */ (null)),
};

/** The surfaces that the server offers to this reader, and how they look; none without the right. */
export const heatLayer = computed(() =>
  /** @type {HeatLayer | undefined} */ (layerStore.catalogue.value?.functions?.find(({ id }) => id === LAYER)));

/** The surface that is chosen: the first where the server has none of that name. */
export const heatSurface = computed(() => {
  const surfaces = heatLayer.value?.surfaces ?? [];
  return surfaces.find(({ surface }) => surface === heatStore.asked.value.surface) ?? surfaces[0];
});

/** The first day of all records, and the day after the last; null while unknown. */
export const heatDays = computed(() => {
  const extents = RECORDS.flatMap((id) => (findLayer(id)?.time?.extent ? [findLayer(id)?.time?.extent ?? []] : []));
  if (!extents.length) return null;
  const [first, last] = [0, 1].map((at) => extents.map((one) => one[at]).sort());
  return /** @type {[string, string]} */ ([day(first[0]), day(Date.parse(String(last.at(-1))) + DAY_MS)]);
});

/** Origins of the records that are counted, in fixed order. */
export const heatOrigins = computed(() => {
  const layers = RECORDS.flatMap((id) => findLayer(id) ?? []);
  return ORIGINS.filter((origin) => layers.some((layer) => (layer.origins[origin] ?? 0) > 0));
});

/** The period that is chosen; null where it ends before it begins, or no days are known. */
export const heatPeriod = computed(() => {
  const { since, until } = heatStore.asked.value;
  return heatDays.value && periodOf(since, until, heatDays.value);
});

/** Weeks of the period, or months where hours of the week are chosen. */
export const heatSlices = computed(() => {
  const by = heatStore.asked.value.hours ? 'month' : 'week';
  return heatPeriod.value ? slicesOf(heatPeriod.value, by) : [];
});

/** The period that is shown: the slice where one is chosen, else all. */
export const shownPeriod = computed(() => {
  const { slice, since, until } = heatStore.asked.value;
  const chosen = slice === '' ? undefined : heatSlices.value[Number(slice)];
  return chosen ?? (since || until ? heatPeriod.value : null);
});

/** Why nothing can be asked for, as the key of a text; null where all is well. */
export const heatTrouble = computed(() => {
  if (heatDays.value && !heatPeriod.value) return /** @type {const} */ ('heat.wrong_period');
  const [now, before] = comparedPeriods.value ?? [];
  return now && (!before || before[1] > now[0]) ? /** @type {const} */ ('heat.wrong_before') : null;
});

/** Both periods of a difference, the later first; of all days they are halves. Null for other surfaces. */
export const comparedPeriods = computed(() => {
  const { before, before_until: until, hours } = heatStore.asked.value;
  const all = heatPeriod.value;
  if (!all || heatSurface.value?.surface !== DIFFERENCE) return null;
  const whole = (/** @type {[string, string]} */ period) => (hours ? wholeMonths(period) : period);
  const now = whole(shownPeriod.value ?? halvesOf(all)[0]);
  const usual = shownPeriod.value ? periodBefore(now) : /** @type {[string, string]} */ ([all[0], now[0]]);
  const found = periodOf(before, until, usual);
  return /** @type {[[string, string], [string, string] | null]} */ ([now, found && whole(found)]);
});

/** What is asked of the server. */
export const heatQuestion = computed(() => {
  const surface = heatSurface.value?.surface;
  if (!surface || heatTrouble.value) return null;
  const [now, before] = comparedPeriods.value ?? [shownPeriod.value, null];
  return questionOf({ ...heatStore.asked.value, surface }, now, before);
});

/** What the records are asked by that are counted in lists and processes: the later period of a difference. */
export const countedQuestion = computed(() => {
  const period = comparedPeriods.value?.[0] ?? shownPeriod.value;
  return heatQuestion.value && questionOf({ ...heatStore.asked.value, surface: '' }, period);
});

/** Whether the map shows the surface. */
export const heatShown = computed(() => url.panel.value === 'heat' || heatStore.asked.value.keep === '1');

/** The template of the tiles of a question. */
export function tilesOf(/** @type {Record<string, string>} */ question) {
  const [path, query] = String(heatLayer.value?.tiles).split('?');
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(question)) all.set(name, value);
  return `${address(path).replace(/%7B/g, '{').replace(/%7D/g, '}')}?${all}`;
}

/** The template of the tiles that the map shows; null for none. */
export const heatTiles = computed(() =>
  (heatShown.value && heatQuestion.value ? tilesOf(heatQuestion.value) : null));

/** Note that the tiles on show have arrived. */
export function tilesArrived() {
  heatStore.drawn.value = heatTiles.peek();
}

/** The period that is compared with: what is typed, else the one of equal length before. */
export const beforePeriod = computed(() => {
  const { before, before_until: until } = heatStore.asked.value;
  const period = shownPeriod.value ?? heatPeriod.value;
  return period && periodOf(before, until, periodBefore(period));
});

/** The template of the tiles of the period that is compared with; null for none. */
export const beforeTiles = computed(() => {
  const question = heatQuestion.value;
  if (!question || !beforePeriod.value || comparedPeriods.value) return null;
  return tilesOf(questionOf({ ...heatStore.asked.value, surface: question.surface }, beforePeriod.value));
});

/** Choose; only what differs from the default is kept. What is chosen anew opens no slice of before. */
export function setHeat(/** @type {Asked} */ fields) {
  const anew = 'since' in fields || 'until' in fields || 'hours' in fields;
  if (anew && !('slice' in fields)) pauseHeat();
  url.heat.value = chosenHeat({ ...url.heat.peek(), ...(anew ? { slice: '' } : {}), ...fields });
}

/** Show two periods beside each other, or one; of all days the later half is compared with the earlier one. */
export function swipeBetween(/** @type {boolean} */ on) {
  const { since, until } = heatStore.asked.peek();
  const halves = on && !since && !until && heatDays.peek() ? { since: middleOf(heatDays.peek() ?? ['', '']) } : {};
  setHeat({ ...halves, swipe: on ? '0.5' : '' });
}

/** Open the desk. */
export function openHeat(/** @type {Asked} */ fields = {}) {
  setHeat(fields);
  showPanel('heat', { drawer: true });
}

/** Open a cell, with what the map has of it; null closes it. */
export function openCell(/** @type {string | null} */ id, /** @type {Record<string, any> | null} */ drawn = null) {
  heatStore.cell.value = drawn;
  setHeat({ cell: id ?? '' });
}

/** Show the next slice, or the one before; after the last comes the first. */
export function stepSlice(/** @type {1 | -1} */ by) {
  const count = heatSlices.peek().length;
  if (!count) return;
  const { slice } = heatStore.asked.peek();
  const at = slice === '' ? (by > 0 ? 0 : count - 1) : (Number(slice) + by + count) % count;
  setHeat({ slice: String(at) });
}

/** Let the slices follow each other. */
export function playHeat() {
  pauseHeat();
  stepSlice(1);
  heatStore.player.value = setInterval(() => stepSlice(1), FRAME_MS);
}

export function pauseHeat() {
  clearInterval(heatStore.player.peek() ?? undefined);
  heatStore.player.value = null;
}
