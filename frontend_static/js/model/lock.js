// @ts-check
/** The desk of a lock: its queue and plan, what a move would cost, and what is published. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, explain, request } from '../core/api.js';
import { now } from '../core/clock.js';
import { t } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { nextTarget, targetsOf } from '../core/lock.js';
import { url } from '../core/store.js';
import { sessionStore } from './session.js';
import { showPanel } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').LockDetail} LockDetail */
/** @typedef {import('../core/types.js').LockSummary} LockSummary */
/** @typedef {import('../core/types.js').LockOption} LockOption */

/** The address of the board of all locks. */
export const BOARD = 'board';
/** How often a lock on show is read again; ms. */
const AGAIN_MS = 20_000;

export const lockStore = {
  current: url.lock,
  board: signal(/** @type {LockSummary[] | null} */ (null)),
  detail: signal(/** @type {LockDetail | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** The time of the desk, epoch seconds; it moves with each reading. */
  at: signal(Math.floor(now() / 1000)),
  /** The vessel that is to be moved. */
  ship: signal(/** @type {string | null} */ (null)),
  options: signal(/** @type {LockOption[] | null} */ (null)),
  /** The option that is aimed at. */
  aimed: signal(/** @type {LockOption | null} */ (null)),
  /** Why the last step was refused. */
  refused: signal(/** @type {unknown} */ (null)),
};

/** Whether the desk of a lock is on show, and needs room. */
export const lockOpen = computed(() => url.panel.value === 'water' && url.lock.value !== null);

/** Vessels of the lock on show by id. */
export const rowsById = computed(() =>
  new Map((lockStore.detail.value?.queue ?? []).map((row) => [row.id, row])));

/** What the chosen vessel may be moved to, by begin. */
export const targets = computed(() => {
  const { options, detail, at } = lockStore;
  return targetsOf(options.value ?? [], detail.value?.plan?.lockages ?? [], at.value);
});

const reading = new Latest();
const asking = new Latest();

/** Open a lock's desk, the board of all locks, or with null the voyage again. */
export function openLock(/** @type {string | null} */ id, drawer = false) {
  batch(() => {
    url.lock.value = id;
    if (id !== null) showPanel('water', { drawer });
  });
}

/** Read what is on show again; `quiet` keeps what is there meanwhile. */
export async function loadLock(quiet = false) {
  const id = url.lock.peek();
  if (id === null) return;
  const signal = reading.begin();
  if (!quiet) lockStore.working.value = true;
  try {
    const [board, detail] = await Promise.all([
      request('locks', { signal }),
      id === BOARD || !sessionStore.account.peek() ? null : request(`locks/${encodeURIComponent(id)}`, { signal }),
    ]);
    batch(() => {
      const stale = detail?.plan_version !== lockStore.detail.peek()?.plan_version;
      lockStore.board.value = board.locks;
      lockStore.detail.value = detail;
      lockStore.at.value = board.now;
      lockStore.error.value = null;
      if (stale) drop();
    });
  } catch (error) {
    if (aborted(error)) return;
    lockStore.error.value = error;
  }
  lockStore.working.value = false;
}

/** Let go of the vessel that was to be moved. */
export function drop() {
  asking.abort();
  batch(() => {
    lockStore.ship.value = null;
    lockStore.options.value = null;
    lockStore.aimed.value = null;
    lockStore.refused.value = null;
  });
}

/** Take a vessel, and ask what each move of it would cost. */
export async function take(/** @type {string} */ ship) {
  const detail = lockStore.detail.peek();
  if (!detail?.may.ask || !detail.plan_version || lockStore.ship.peek() === ship) return;
  drop();
  lockStore.ship.value = ship;
  const signal = asking.begin();
  try {
    const body = { version: detail.plan_version, ship };
    const told = await request(`locks/${detail.id}/moves`, { method: 'POST', body, signal });
    lockStore.options.value = told.options;
  } catch (error) {
    if (!aborted(error)) lockStore.refused.value = error;
  }
}

/** Aim at a lockage by its number; null is one of its own. */
export function aim(/** @type {number | null} */ to) {
  lockStore.aimed.value = lockStore.options.peek()?.find((one) => one.to === to) ?? null;
}

/** Aim at the lockage before or after. */
export function aimNext(/** @type {1 | -1} */ step) {
  const { detail, ship, aimed } = lockStore;
  const lockages = detail.peek()?.plan?.lockages ?? [];
  const own = lockages.findIndex(({ ships }) => ships.includes(ship.peek() ?? ''));
  aimed.value = nextTarget(targets.peek(), lockages, aimed.peek(), own, step);
}

/** Publish a next version of the plan; what refuses it is shown. */
async function publish(/** @type {Record<string, unknown>} */ change, /** @type {string} */ done) {
  const detail = lockStore.detail.peek();
  if (!detail) return false;
  lockStore.working.value = true;
  try {
    const body = { ...change, ...(detail.plan_version ? { version: detail.plan_version } : {}) };
    await request(`locks/${detail.id}/plans`, { method: 'POST', body });
    drop();
    toast({ kind: 'ok', text: done });
    return true;
  } catch (error) {
    lockStore.refused.value = error;
    return false;
  } finally {
    await loadLock(true);
  }
}

/** Publish the move that is aimed at. */
export async function applyMove() {
  const { ship, aimed } = lockStore;
  const option = aimed.peek();
  if (!ship.peek() || !option?.allowed) return;
  await publish({ move: { ship: ship.peek(), to: option.to } }, t('lock.moved'));
}

/** Take the last change back. */
export async function undoChange() {
  const version = lockStore.detail.peek()?.undo;
  if (version) await publish({ restores: version }, t('lock.undone', { version }));
}

/** Plan all that is declared anew. */
export const planAnew = () => publish({}, t('lock.planned'));

/** A vessel does not come: the others are planned anew. */
export const noShow = (/** @type {string} */ ship, /** @type {string} */ name) =>
  publish({ absent: [ship] }, t('lock.absent_done', { name }));

/** A vessel is seen at the lock by who works there. */
export async function checkIn(/** @type {string} */ ship, /** @type {string} */ name) {
  const detail = lockStore.detail.peek();
  if (!detail) return;
  try {
    await request(`locks/declarations/${ship}/check-in`, { method: 'POST', body: { place: detail.place } });
    toast({ kind: 'ok', text: t('lock.checked_in', { name }) });
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
  await loadLock(true);
}

/** Keep the lock on show fresh while it is. */
export function watchLock() {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  effect(() => {
    clearInterval(timer);
    void sessionStore.account.value;
    if (!lockOpen.value || !sessionStore.answer.value) return;
    const other = lockStore.detail.peek()?.id !== url.lock.value;
    untracked(() => {
      if (other) {
        lockStore.detail.value = null;
        drop();
      }
      loadLock();
    });
    timer = setInterval(() => !document.hidden && loadLock(true), AGAIN_MS);
  });
}
