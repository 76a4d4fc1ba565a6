// @ts-check
/** The cells of the surface in numbers, hot stretches, and what an area drawn on the map holds. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { execute } from '../core/execute.js';
import { extent } from '../core/geo.js';
import { inputsOf, inside, ranksOf, readRing, touching, wilson, writeRing } from '../core/heat.js';
import { pick } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { takeDrawn } from './draw.js';
import { countedQuestion, heatPeriod, heatQuestion, heatStore, heatTiles, setHeat } from './heat.js';
import { findLayer } from './layers.js';
import { openDrawer } from './shell.js';

/** @typedef {import('../core/types.js').Feature} Feature */

/**
 * @typedef {object} HeatRow - a cell in numbers
 * @property {string} id
 * @property {string} name county and BeiDou cell
 * @property {string} beidou
 * @property {[number, number, number, number]} box
 * @property {'rated' | 'not_inspected' | 'short'} state
 * @property {number} events
 * @property {number} exposure
 * @property {number | null} value shrunk rate
 * @property {number | null} lower
 * @property {number | null} upper
 * @property {number | null} z
 * @property {number | null} spot
 * @property {boolean} mostly_patrol whether its excess of events is mostly one of looks
 *
 * @typedef {object} HeatClass - what a cell was in the last weeks
 * @property {string | null} space_time none where it was last inspected too long ago
 * @property {string | null} last_inspected first day of the last week that was inspected
 * @property {string} history a sign for each week: `+` hot, `-` cold, `0` neither, `.` not inspected
 * @property {number} slices inspected weeks
 * @property {number | null} trend_z
 *
 * @typedef {{ pooled_rate: number | null, rules: { key: string, value: any }[] }} HeatSummary
 */

export const STRETCHES = 'hot_stretches';
export const CLASSES = 'heat_classes';
export const SORTS = /** @type {const} */ (['value', 'events', 'z']);
/** Cells that are listed. */
export const SHOWN = 20;
const INTERVAL = 'law.heat_interval';
const MOST_STRETCHES = 100;
/** The list is asked for once the tiles are there, and after this long in any case: no map may be shown. */
const LATEST_MS = 600;

export const heatListStore = {
  /** All cells of what is asked for; null before they are known. */
  rows: signal(/** @type {HeatRow[] | null} */ (null)),
  summary: signal(/** @type {HeatSummary | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** Hot stretches of roads, where the server has them; null before they are known. */
  stretches: signal(/** @type {Feature[] | null} */ (null)),
  /** Classes in space and time of the cells that were listed, by their names. */
  classes: signal(/** @type {ReadonlyMap<string, HeatClass>} */ (new Map())),
};

const newest = new Latest();

/** The surface of a process, as features and what it says of them. */
async function surfaceOf(/** @type {Record<string, unknown>} */ inputs, /** @type {AbortSignal} */ signal) {
  const { cells, summary } = await execute('heat-surface', inputs, { signal });
  return { features: /** @type {Feature[]} */ (cells.features), summary };
}

/** @returns {HeatRow} */
function rowOf(/** @type {Feature} */ rated, /** @type {Feature | undefined} */ spotted) {
  const { beidou, county_zh: zh, county_en: en, state, events, exposure, value, lower, upper, mostly_patrol = false } =
    rated.properties;
  const { value: z = null, spot = null } = spotted?.properties ?? {};
  const box = extent(rated.geometry) ?? [0, 0, 0, 0];
  const counts = { state, events, exposure, value, lower, upper, z, spot, mostly_patrol };
  const county = pick({ zh: zh ?? '', en: en ?? zh ?? '' });
  return { id: String(rated.id), beidou, name: [county, beidou].filter(Boolean).join(' '), box, ...counts };
}

/** Ask for the numbers of what is chosen. */
export async function loadRows() {
  const { asked } = heatStore;
  const question = countedQuestion.peek();
  if (!question) return;
  const signal = newest.begin();
  heatListStore.working.value = true;
  try {
    const inputs = inputsOf(question);
    const spots = asked.peek().surface === 'gi_count' ? 'gi_count' : 'gi';
    const rates = await surfaceOf({ ...inputs, surface: 'rate' }, signal);
    const rated = rates.features.filter(({ properties }) => properties.state === 'rated');
    const hot = touching(rated.map(({ geometry }) => extent(geometry) ?? [0, 0, 0, 0]))
      ? await surfaceOf({ ...inputs, surface: spots }, signal) : { features: [] };
    const spotted = new Map(hot.features.map((one) => [one.id, one]));
    batch(() => {
      heatListStore.rows.value = rates.features.map((one) => rowOf(one, spotted.get(one.id)));
      heatListStore.summary.value = rates.summary;
      heatListStore.error.value = null;
      heatListStore.working.value = false;
    });
  } catch (error) {
    if (aborted(error)) return;
    heatListStore.error.value = error;
    heatListStore.working.value = false;
  }
}

/** Ask for the hot stretches of roads. */
export async function loadStretches() {
  if (!findLayer(STRETCHES)) return;
  try {
    const params = { limit: MOST_STRETCHES, sortby: '-rate', filter: "state = 'hot'" };
    heatListStore.stretches.value = (await request(`collections/${STRETCHES}/items`, { params })).features;
  } catch (error) {
    heatListStore.error.value = error;
  }
}

/** Ranks of the cells by events, by rate and by z. */
export const heatRanks = computed(() => {
  const rows = heatListStore.rows.value ?? [];
  return {
    events: ranksOf(rows, (row) => row.events),
    value: ranksOf(rows, (row) => row.value),
    z: ranksOf(rows, (row) => row.z),
  };
});

/** The column that the list is sorted by. */
export const sortKey = computed(() => SORTS.find((one) => one === heatStore.asked.value.sort) ?? 'value');

/** All cells in the order of the list. */
export const sortedRows = computed(() => {
  const ranks = heatRanks.value[sortKey.value];
  return [...ranks.keys()].sort((a, b) => Number(ranks.get(a)) - Number(ranks.get(b)));
});

/** The inspected cell with most events, its rank by rate, and how many have one. */
export const busiest = computed(() => {
  const rated = (heatListStore.rows.value ?? []).filter((row) => row.value !== null);
  const [row] = [...rated].sort((a, b) => b.events - a.events);
  return row ? { row, rank: heatRanks.value.value.get(row) ?? 0, of: rated.length } : null;
});

/** The row of the cell that is open. */
export const openRow = computed(() => heatListStore.rows.value?.find(({ id }) => id === heatStore.asked.value.cell));

/** Cells whose class is shown: those listed and the one that is open. */
const named = computed(() => {
  const names = sortedRows.value.slice(0, SHOWN).map(({ beidou }) => beidou);
  return [...new Set([...names, ...(openRow.value ? [openRow.value.beidou] : [])])];
});

/** Ask for the classes of cells by name. */
async function loadClasses(/** @type {string[]} */ names) {
  const filter = `beidou IN (${names.map((name) => `'${name}'`).join(', ')})`;
  try {
    const params = { limit: names.length, filter };
    const found = await request(`collections/${CLASSES}/items`, { params });
    const all = new Map(heatListStore.classes.peek());
    for (const { properties } of found.features) all.set(properties.beidou, properties);
    heatListStore.classes.value = all;
  } catch (error) {
    heatListStore.error.value = error;
  }
}

/** What the area that was drawn holds: cells whose middle lies in it. */
export const areaSums = computed(() => {
  const ring = readRing(heatStore.asked.value.area);
  const { rows, summary } = heatListStore;
  if (!ring || !rows.value) return null;
  const level = summary.value?.rules.find(({ key }) => key === INTERVAL)?.value.level;
  const within = rows.value.filter(({ box }) => inside(ring, [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]));
  const rated = within.filter(({ state }) => state === 'rated');
  const sum = (/** @type {'events' | 'exposure'} */ name) => rated.reduce((all, row) => all + row[name], 0);
  const [events, exposure] = [sum('events'), sum('exposure')];
  return {
    rows: within, unknown: within.length - rated.length, events, exposure, level,
    share: level ? wilson(events, exposure, level) : null,
  };
});

const shown = () => url.panel.value === 'heat';

/** What of the choice the list stands on. */
const listed = computed(() => {
  const { surface, cells: _, before: __, before_until: ___, ...rest } = heatQuestion.value ?? {};
  return shown() && heatPeriod.value
    ? JSON.stringify([rest, surface === 'gi_count', url.lang.value]) : null;
});

/** Keep the list in step with what is chosen; take in what is drawn. */
export function watchHeatList() {
  takeDrawn('heat', (_, points) => {
    setHeat({ area: writeRing(points.slice(0, -1)) });
    openDrawer('side');
  });
  /** @type {string | null} */
  let loaded = null;
  effect(() => {
    const wanted = listed.value;
    if (!wanted) loaded = null;
    if (!wanted || wanted === loaded) return undefined;
    const load = () => {
      loaded = wanted;
      untracked(loadRows);
    };
    const late = setTimeout(load, heatTiles.value === heatStore.drawn.value ? 0 : LATEST_MS);
    return () => clearTimeout(late);
  });
  effect(() => {
    if (shown() && findLayer(STRETCHES)) untracked(loadStretches);
  });
  effect(() => {
    const names = named.value;
    if (shown() && names.length && findLayer(CLASSES)) untracked(() => loadClasses(names));
  });
}
