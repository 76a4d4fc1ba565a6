// @ts-check
/** The gate of a terminal: days with requests, and the slots of the trucks of one. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { now } from '../core/clock.js';
import { execute } from '../core/execute.js';
import { daysOf, gateBody, shownDay } from '../core/gate.js';
import { Latest } from '../core/latest.js';
import { linkageOpen, linkageStore, setShipment } from './linkage.js';
import { sessionStore } from './session.js';

/** @typedef {import('../core/gate.js').GatePlan} GatePlan */
/** @typedef {{ id: string, key: string, name_zh: string | null, name_en: string | null, lon: number, lat: number,
 *   origin: import('../core/types.js').Origin }} Terminal */

const PROCESS = 'truck-appointments';
/** Requests that are read, the latest. */
const MOST = 10_000;

export const gateStore = {
  terminals: signal(/** @type {Terminal[] | null} */ (null)),
  terminal: signal(/** @type {Terminal | null} */ (null)),
  days: signal(/** @type {import('../core/gate.js').Day[]} */ ([])),
  /** The day on show. */
  day: signal(/** @type {string | null} */ (null)),
  plan: signal(/** @type {GatePlan | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** When the slot whose trucks are listed begins. */
  slot: signal(/** @type {string | null} */ (null)),
};

const shown = computed(() =>
  linkageOpen.value && linkageStore.draft.value.view === 'gate' && Boolean(sessionStore.account.value));
const asked = computed(() => {
  const { terminal, day, lanes } = linkageStore.draft.value;
  return [terminal, day, lanes].join(' ');
});
const reading = new Latest();

/** Choose the terminal whose gate is on show. */
export const chooseGate = (/** @type {string} */ id) => setShipment({ terminal: id, day: '' });

/** List the trucks of a slot, or of none. */
export function chooseSlot(/** @type {string | null} */ begins) {
  gateStore.slot.value = begins;
}

async function read(/** @type {AbortSignal} */ signal) {
  const { terminal: id, day: chosen, lanes } = linkageStore.draft.peek();
  const terminals = /** @type {Terminal[]} */ ((await request('berths', { signal })).terminals);
  const terminal = terminals.find((one) => one.id === id) ?? terminals[0] ?? null;
  batch(() => {
    gateStore.terminals.value = terminals;
    gateStore.terminal.value = terminal;
  });
  if (!terminal) return;
  const params = { filter: `terminal_id = '${terminal.id}'`, sortby: '-since', limit: MOST };
  const { features } = await request('collections/gate_requests/items', { params, signal });
  const days = daysOf(features.map((/** @type {any} */ { properties }) => properties));
  const day = shownDay(days, chosen, now());
  batch(() => {
    gateStore.days.value = days;
    gateStore.day.value = day;
  });
  const plan = day ? await execute(PROCESS, gateBody(terminal, day, lanes.trim()), { signal }) : null;
  gateStore.plan.value = /** @type {any} */ (plan);
}

/** Read the gate and plan the day that is chosen. */
export async function loadGate() {
  const signal = reading.begin();
  gateStore.working.value = true;
  gateStore.slot.value = null;
  try {
    await read(signal);
    gateStore.error.value = null;
  } catch (error) {
    if (aborted(error) || signal.aborted) return;
    gateStore.plan.value = null;
    gateStore.error.value = error;
  }
  gateStore.working.value = false;
}

/** Plan whenever another day, gate or number of lanes is chosen. */
export function watchGate() {
  effect(() => {
    void asked.value;
    if (shown.value) untracked(loadGate);
  });
}
