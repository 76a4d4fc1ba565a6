// @ts-check
/** The board of a hub: what leaves next, until when its gate is open, when it is closed, locks near it. */
import { computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { now } from '../core/clock.js';
import { distanceBetween } from '../core/geo.js';
import { Latest } from '../core/latest.js';
import { linkageOpen, linkageStore } from './linkage.js';
import { sessionStore } from './session.js';

/** @typedef {import('../core/linkage.js').Hub} Hub */
/** @typedef {import('../core/types.js').LockSummary} LockSummary */

/**
 * @typedef {object} Departure
 * @property {string} service
 * @property {import('../core/types.js').Text} name
 * @property {import('../core/linkage.js').Mode} mode
 * @property {string} departs
 * @property {string} gate_closes
 * @property {string} papers_close
 * @property {number | null} capacity_teu
 * @property {import('../core/types.js').Origin} origin
 * @property {{ hub: string, arrives: string }[]} calls
 *
 * @typedef {{ hub: Hub, at: string, until: string, closed_now: boolean, truncated: boolean,
 *   closings: { since: string, until: string, reason: string | null }[], departures: Departure[] }} Board
 */

/** How often the board on show is read again; ms. */
const AGAIN_MS = 30_000;
/** Locks so far from a hub are told beside it; m. */
const NEAR_M = 80_000;

export const hubBoardStore = {
  board: signal(/** @type {Board | null} */ (null)),
  locks: signal(/** @type {LockSummary[]} */ ([])),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** The time of the board, ms; it moves with each reading. */
  at: signal(now()),
};

const shown = computed(() => linkageOpen.value && linkageStore.draft.value.view === 'hub');
const reading = new Latest();

/** Read the board of the chosen hub; `quiet` keeps what is there meanwhile. */
export async function loadHubBoard(quiet = false) {
  const { hub, hours } = linkageStore.draft.peek();
  const signal = reading.begin();
  if (!hub) {
    hubBoardStore.board.value = null;
    return;
  }
  if (!quiet) hubBoardStore.working.value = true;
  try {
    const [board, locks] = await Promise.all([
      request(`linkage/hubs/${encodeURIComponent(hub)}`, { params: { hours }, signal }), request('locks', { signal })]);
    hubBoardStore.board.value = board;
    hubBoardStore.at.value = now();
    hubBoardStore.error.value = null;
    hubBoardStore.locks.value = locks.locks.filter((/** @type {LockSummary} */ { place }) =>
      distanceBetween(place, board.hub.at) <= NEAR_M);
  } catch (error) {
    if (aborted(error)) return;
    hubBoardStore.board.value = null;
    hubBoardStore.error.value = error;
  }
  hubBoardStore.working.value = false;
}

/** Keep the board on show fresh while it is. */
export function watchHubBoard() {
  const which = computed(() => `${linkageStore.draft.value.hub} ${linkageStore.draft.value.hours}`);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  effect(() => {
    clearInterval(timer);
    void which.value;
    if (!shown.value || !sessionStore.account.value) return;
    untracked(loadHubBoard);
    timer = setInterval(() => !document.hidden && loadHubBoard(true), AGAIN_MS);
  });
}
