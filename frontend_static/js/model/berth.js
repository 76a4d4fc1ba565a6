// @ts-check
/** The berth plan of a terminal: which terminals there are, who lies where and when. */
import { computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { linkageOpen, linkageStore, setShipment } from './linkage.js';
import { sessionStore } from './session.js';

/** @typedef {import('../core/berth.js').Plan} Plan */
/** @typedef {{ id: string, name_zh: string | null, name_en: string | null, berths: number, calls: number }} Terminal */

/** How often the plan on show is read again; ms. */
const AGAIN_MS = 60_000;

export const berthStore = {
  terminals: signal(/** @type {Terminal[] | null} */ (null)),
  plan: signal(/** @type {Plan | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** The call that is pointed at. */
  call: signal(/** @type {string | null} */ (null)),
};

const shown = computed(() =>
  linkageOpen.value && linkageStore.draft.value.view === 'berth' && Boolean(sessionStore.account.value));
const terminal = computed(() => linkageStore.draft.value.terminal);
const reading = new Latest();

/** Choose a terminal. */
export const chooseTerminal = (/** @type {string} */ id) => setShipment({ terminal: id });

/** Point at a call, or at none. */
export function pointAtCall(/** @type {string | null} */ call) {
  berthStore.call.value = call;
}

/** Read the terminals and the plan of the chosen one; `quiet` keeps what is there meanwhile. */
export async function loadBerths(quiet = false) {
  const signal = reading.begin();
  if (!quiet) berthStore.working.value = true;
  try {
    const { terminals } = await request('berths', { signal });
    berthStore.terminals.value = terminals;
    const id = terminal.peek() || terminals.find((/** @type {Terminal} */ { calls }) => calls)?.id;
    berthStore.plan.value = id ? await request(`berths/${encodeURIComponent(id)}/plan`, { signal }) : null;
    berthStore.error.value = null;
  } catch (error) {
    if (aborted(error)) return;
    berthStore.plan.value = null;
    berthStore.error.value = error;
  }
  berthStore.working.value = false;
}

/** Keep the plan on show fresh while it is. */
export function watchBerths() {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  effect(() => {
    clearInterval(timer);
    void terminal.value;
    if (!shown.value) return;
    untracked(loadBerths);
    timer = setInterval(() => !document.hidden && loadBerths(true), AGAIN_MS);
  });
}
