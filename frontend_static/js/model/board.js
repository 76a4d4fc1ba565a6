// @ts-check
/** The board: tiles of any set of indicators, of a period and all units, read in one request. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { now } from '../core/clock.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { liveStore } from './live.js';
import { openRows } from './scenarios.js';

/** @typedef {import('../core/types.js').BoardTile} BoardTile */
/** @typedef {import('../core/types.js').IndicatorFacts} IndicatorFacts */
/** @typedef {{ period: { id: string, end: string }, tiles: BoardTile[],
 *   units: Record<string, { title: import('../core/types.js').Text, level: string, place: string }> }} Board */

const REFRESH_MS = 300;
/** How much older than the answer the numbers of a period that lasts may be. */
const STALE_MS = 15 * 60_000;
/** Tiles of a board whose address names none. */
const FIRST = 24;

export const boardStore = {
  view: url.view,
  /** Ids of the tiles in order; none shows the first of all. */
  tiles: url.tiles,
  level: url.level,
  period: url.period,
  kiosk: url.kiosk,
  /** All that the caller may be told, in the order of areas; null until that is known. */
  known: signal(/** @type {IndicatorFacts[] | null} */ (null)),
  board: signal(/** @type {Board | null} */ (null)),
  /** When it was read: what changes afterwards is heard of, while the stream lives. */
  read: signal(0),
  error: signal(/** @type {unknown} */ (null)),
};

const newest = new Latest();

/** Ids of the tiles on show. */
export const shownTiles = computed(() => {
  const known = boardStore.known.value ?? [];
  const wanted = boardStore.tiles.value.filter((id) => known.some((one) => one.id === id));
  return wanted.length ? wanted : known.slice(0, FIRST).map((one) => one.id);
});

/** Follow the address and the language while the board is open. */
export function watchBoard() {
  effect(() => {
    void [url.lang.value, url.tiles.value, url.period.value];
    if (url.view.value === 'board') untracked(loadBoard);
    else newest.abort();
  });
}

/** Read all tiles; those that the address names are asked for beside what may be shown at all. */
export async function loadBoard() {
  const signal = newest.begin();
  try {
    const named = url.tiles.peek().join();
    const early = named ? fetchTiles(named, signal) : null;
    early?.catch(() => null); // it counts only if all that was named may be shown
    const { indicators } = await request('indicators', { signal });
    boardStore.known.value = indicators;
    const shown = shownTiles.peek().join();
    const asked = shown === named ? early : shown ? fetchTiles(shown, signal) : null;
    boardStore.board.value = await asked;
    boardStore.read.value = now();
    boardStore.error.value = null;
  } catch (problem) {
    if (!aborted(problem)) boardStore.error.value = problem;
  }
}

/** Ask for tiles in one request. @returns {Promise<Board>} */
const fetchTiles = (/** @type {string} */ indicators, /** @type {AbortSignal} */ signal) =>
  request('board', { params: { indicators, period: url.period.peek(), level: 'prefecture,county' }, signal });

const refresh = debounce(loadBoard, REFRESH_MS);

/** Numbers have changed: ask for the board again where it shows them. */
export function boardChanged(/** @type {string[]} */ ids) {
  if (url.view.peek() !== 'board') return;
  const shown = new Set(shownTiles.peek());
  const known = boardStore.known.peek() ?? [];
  const stands = known.filter((one) => shown.has(one.id)).flatMap((one) => [one.id, ...(one.stands_on ?? [])]);
  if (stands.some((id) => ids.includes(id))) refresh();
}

/** Tell whether a tile may be older than the rows: the stream is away, or it was counted long before it was read. */
export function isStale(/** @type {BoardTile} */ tile) {
  if (liveStore.stream.value.state === 'stale') return true;
  const lasts = Date.parse(boardStore.board.value?.period.end ?? '') > now();
  return lasts && boardStore.read.value - Date.parse(tile.as_of) > STALE_MS;
}

/** Open or leave the board. */
export function toggleBoard() {
  batch(() => {
    url.view.value = url.view.peek() === 'board' ? 'map' : 'board';
    url.kiosk.value = false;
  });
}

/** Show the board alone, or with the page around it. */
export function setKiosk(/** @type {boolean} */ on) {
  url.kiosk.value = on;
}

export function setLevel(/** @type {'prefecture' | 'county'} */ level) {
  url.level.value = level;
}

export function setPeriod(/** @type {string | null} */ period) {
  url.period.value = period;
}

/** Put a tile on the board, or take it off. */
export function chooseTile(/** @type {string} */ id, /** @type {boolean} */ on) {
  const rest = shownTiles.peek().filter((one) => one !== id);
  url.tiles.value = on ? [...rest, id] : rest;
}

/** Open the board with these tiles alone. */
export function chooseTiles(/** @type {string[]} */ ids) {
  batch(() => {
    url.tiles.value = ids;
    url.view.value = 'board';
  });
}

/** Open the rows of a unit's number on the map and in the table. */
export function openUnit(/** @type {BoardTile} */ tile, /** @type {string} */ code) {
  const link = tile.opens.find((one) => one.rel === 'numerator');
  const unit = boardStore.board.peek()?.units[code];
  if (!link || !unit) return;
  const target = new URL(link.href);
  const filter = target.searchParams.get('filter');
  target.searchParams.set('filter', filter ? `${filter} AND ${unit.place}` : unit.place);
  openRows({ ...link, href: target.href });
}
