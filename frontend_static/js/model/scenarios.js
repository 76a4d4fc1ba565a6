// @ts-check
/** The scenarios: their list, and the page that is open with its numbers, series and examples. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { now } from '../core/clock.js';
import { day, isoWeek, number } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { findLayer, layerStore, setShown } from './layers.js';
import { sessionStore } from './session.js';
import { showRows } from './table.js';

/** @typedef {import('../core/types.js').ScenarioShort} ScenarioShort */
/** @typedef {import('../core/types.js').Scenario} Scenario */
/** @typedef {import('../core/types.js').Tile} Tile */
/** @typedef {import('../core/types.js').Opening} Opening */
/** @typedef {import('../core/types.js').IndicatorFacts} IndicatorFacts */
/** @typedef {import('../core/types.js').Point} Point */
/** @typedef {import('../core/types.js').ExampleRun} ExampleRun */

const REFRESH_MS = 300;
/** Classes in which the numbers of units are coloured. */
export const UNIT_CLASSES = 5;

export const scenarioStore = {
  /** The scenario whose page is open. */
  id: url.scenario,
  list: signal(/** @type {ScenarioShort[] | null} */ (null)),
  listError: signal(/** @type {unknown} */ (null)),
  page: signal(/** @type {Scenario | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  /** What the caller may be told of, by id; null until that is known. */
  indicators: signal(/** @type {Record<string, IndicatorFacts> | null} */ (null)),
  tiles: signal(/** @type {Record<string, Tile>} */ ({})),
  series: signal(/** @type {Record<string, Point[]>} */ ({})),
  /** The numbers of the units that the map is coloured by, counties and prefectures. */
  units: signal(/** @type {{ county: Tile, prefecture: Tile } | null} */ (null)),
  numbersError: signal(/** @type {unknown} */ (null)),
  examples: signal(/** @type {ExampleRun[] | null} */ (null)),
  examplesError: signal(/** @type {unknown} */ (null)),
};

const newestList = new Latest();
const newestPage = new Latest();
const newestNumbers = new Latest();
const newestExamples = new Latest();

const ready = computed(() => layerStore.catalogue.value !== null);

/** Follow the language, the session and the address. */
export function watchScenarios() {
  effect(() => {
    void [url.lang.value, sessionStore.account.value];
    if (url.panel.value === 'scenarios' && ready.value) untracked(loadList);
  });
  effect(() => {
    void [url.lang.value, sessionStore.account.value];
    const id = url.scenario.value;
    if (ready.value) untracked(() => loadPage(id));
  });
}

/** Run a question; the answer of an older one is dropped, an error goes where it is shown. */
async function ask(
  /** @type {Latest} */ newest,
  /** @type {import('@preact/signals-core').Signal<unknown>} */ error,
  /** @type {(signal: AbortSignal) => Promise<void>} */ question,
) {
  try {
    await question(newest.begin());
    error.value = null;
  } catch (problem) {
    if (!aborted(problem)) error.value = problem;
  }
}

export const loadList = () =>
  ask(newestList, scenarioStore.listError, async (signal) => {
    scenarioStore.list.value = (await request('scenarios', { signal })).scenarios;
  });

/** Open the page of a scenario, or go back to the list; what the map showed before comes back. */
export function openScenario(/** @type {string | null} */ id) {
  batch(() => {
    const former = url.former.peek();
    if (former) {
      url.on.value = former.on;
      url.off.value = former.off;
      url.time.value = former.time;
    }
    url.former.value = null;
    url.inputs.value = {};
    url.scenario.value = id;
  });
}

/** Read the open scenario again. */
export const reloadPage = () => loadPage(url.scenario.peek());

async function loadPage(/** @type {string | null} */ id) {
  newestNumbers.abort();
  newestExamples.abort();
  batch(() => {
    if (scenarioStore.page.peek()?.id !== id) clear();
    scenarioStore.examples.value = null;
  });
  await ask(newestPage, scenarioStore.error, async (signal) => {
    if (!id) return;
    const page = await request(`scenarios/${encodeURIComponent(id)}`, { signal });
    batch(() => {
      scenarioStore.page.value = page;
      if (!url.former.peek()) apply(page);
    });
    loadNumbers();
    loadExamples();
  });
}

function clear() {
  scenarioStore.page.value = null;
  scenarioStore.error.value = null;
  scenarioStore.tiles.value = {};
  scenarioStore.series.value = {};
  scenarioStore.units.value = null;
  scenarioStore.numbersError.value = null;
}

/** Switch the scenario's layers on and remember what was shown before. */
function apply(/** @type {Scenario} */ page) {
  url.former.value = { on: url.on.peek(), off: url.off.peek(), time: url.time.peek() };
  setShown(page.view.layers, true);
  if (page.view.time && Number.isFinite(Date.parse(page.view.time))) url.time.value = page.view.time;
}

/** Read the numbers of the open page and their series. */
export const loadNumbers = () =>
  ask(newestNumbers, scenarioStore.numbersError, async (signal) => {
    const numbers = scenarioStore.page.peek()?.numbers ?? [];
    if (!numbers.length) return;
    const known = byKey((await request('indicators', { signal })).indicators, 'id');
    scenarioStore.indicators.value = known;
    const wanted = numbers.filter(({ indicator }) => known[indicator]);
    if (!wanted.length) return;
    const indicators = wanted.map(({ indicator }) => indicator).join(',');
    const board = await request('board', { params: { indicators }, signal });
    scenarioStore.tiles.value = byKey(board.tiles, 'indicator');
    const lines = wanted.filter((number) => number.series);
    const found = await Promise.all(lines.map((number) => readSeries(number, signal)));
    scenarioStore.series.value = Object.fromEntries(lines.map((number, at) => [number.indicator, found[at]]));
    await loadUnits(signal);
  });

/** Read the numbers by which the units are coloured, where the caller may be told them. */
async function loadUnits(/** @type {AbortSignal} */ signal) {
  const colour = scenarioStore.page.peek()?.view.colour;
  if (!colour || !scenarioStore.indicators.peek()?.[colour]) return;
  const of = (/** @type {string} */ level) => request(`indicators/${colour}/values`, { params: { level }, signal });
  const [county, prefecture] = await Promise.all([of('county'), of('prefecture')]);
  scenarioStore.units.value = { county, prefecture };
}

/** The numbers of the open page in words, each with its sides and period. */
export function figures() {
  return (scenarioStore.page.value?.numbers ?? []).flatMap((one) => {
    const tile = scenarioStore.tiles.value[one.indicator];
    if (!tile?.total || tile.total.value === null) return [];
    const { value, numerator, denominator } = tile.total;
    const digits = scenarioStore.indicators.value?.[one.indicator]?.digits ?? 1;
    const sides = denominator === null ? '' : ` (${numerator}/${denominator})`;
    return [`${one.title} ${number(value, digits)} ${one.unit}${sides}, ${tile.period.id}`];
  });
}

/** The least and the greatest number of the units of a level. */
export function unitRange(/** @type {'county' | 'prefecture'} */ level) {
  const values = (scenarioStore.units.value?.[level].values ?? []).flatMap(({ value }) => value ?? []);
  return values.length ? { low: Math.min(...values), high: Math.max(...values) } : null;
}

/** The class of the number of each unit, by its code: the highest are 0; units without a number have none. */
export function unitClasses(/** @type {'county' | 'prefecture'} */ level) {
  const range = unitRange(level);
  const width = range && range.high > range.low ? range.high - range.low : 1;
  return Object.fromEntries((scenarioStore.units.value?.[level].values ?? []).flatMap(({ unit, value }) => {
    if (value === null || !range) return [];
    const share = (range.high - value) / width;
    return [[unit.code, Math.min(UNIT_CLASSES - 1, Math.floor(share * UNIT_CLASSES))]];
  }));
}

const byKey = (/** @type {any[]} */ all, /** @type {string} */ key) =>
  Object.fromEntries(all.map((one) => [one[key], one]));

async function readSeries(/** @type {Scenario['numbers'][number]} */ number, /** @type {AbortSignal} */ signal) {
  const period = number.series === 'week' ? isoWeek(day(now())) : undefined;
  return (await request(`indicators/${number.indicator}/series`, { params: { period }, signal })).series;
}

const refresh = debounce(loadNumbers, REFRESH_MS);

/** Numbers have changed: ask for those on show again, an index whenever anything did. */
export function numbersChanged(/** @type {string[]} */ ids) {
  const { indicators, tiles } = scenarioStore;
  const touched = Object.keys(tiles.peek()).some((shown) => {
    const stands = indicators.peek()?.[shown]?.stands_on ?? [];
    return ids.includes(shown) || stands.some((part) => ids.includes(part));
  });
  if (touched) refresh();
}

/** Run the examples of the open page. */
export const loadExamples = () =>
  ask(newestExamples, scenarioStore.examplesError, async (signal) => {
    const id = scenarioStore.page.peek()?.id;
    if (id) scenarioStore.examples.value = (await request(`scenarios/${id}/example`, { signal })).examples;
  });

/** The layer and filter that a link to rows names, when the map has that layer. */
export function rowsOf(/** @type {Opening} */ link) {
  const target = new URL(link.href);
  const layer = /\/collections\/([^/]+)\/items$/.exec(target.pathname)?.[1];
  return layer && findLayer(layer) ? { layer, filter: target.searchParams.get('filter') } : null;
}

/** Open the rows of a number in the table, and their layer on the map. */
export function openRows(/** @type {Opening} */ link) {
  const found = rowsOf(link);
  if (!found) return;
  batch(() => {
    setShown([found.layer], true);
    showRows(found.layer, found.filter);
  });
}

/** Open the table that the scenario names. */
export function openTable(/** @type {NonNullable<Scenario['view']['table']>} */ table) {
  showRows(table.layer, table.filter, table.order);
}
