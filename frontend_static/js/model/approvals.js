// @ts-check
/** The officer's inbox: plans that wait, what is decided of them, and who was quicker. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, explain, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { moment, t } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { flightStore } from './flight.js';
import { layerStore } from './layers.js';
import { mayDecide, sessionStore } from './session.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').FlightPlan} FlightPlan */
/** @typedef {{ decision: 'approve' | 'deny', legal_text: string, reason?: string, override?: boolean }} Decision */

const CONFLICT = 409;
/** Layers whose changed rows change verdicts. */
const ZONES = ['airspace', 'controlled_ground', 'airspace_restrictions', 'ground_coverage'];
/** What comes together is asked for together. */
const GATHER_MS = 250;

const rows = signal(/** @type {FlightPlan[] | null} */ (null));

export const approvalStore = {
  /** Plans that wait, the one that must be decided first first; null before they are known. */
  rows,
  error: signal(/** @type {unknown} */ (null)),
  /** The plan that is open. */
  current: url.operation,
  working: signal(false),
  /** Why the last decision was refused, and of which plan. */
  refused: signal(/** @type {{ id: string, error: unknown, by: FlightPlan[] } | null} */ (null)),
  /** How many wait, for the tab. */
  count: computed(() => rows.value?.length ?? 0),
};

const newest = new Latest();

/** Fetch the plans that wait; only officers have an inbox. */
export async function loadInbox() {
  if (!mayDecide()) return;
  try {
    const { waiting } = await request('airspace/approvals', { signal: newest.begin() });
    batch(() => {
      rows.value = waiting;
      approvalStore.error.value = null;
    });
  } catch (error) {
    if (!aborted(error)) approvalStore.error.value = error;
  }
}

const later = debounce(loadInbox, GATHER_MS);

/** A plan has changed somewhere: the inbox and the plan on show follow. */
export function plansChanged(/** @type {{ id?: string, state?: string }} */ { id, state }) {
  later();
  const plan = flightStore.plan.peek();
  if (plan && plan.id === id && plan.state !== state) refreshPlan(plan.id);
}

async function refreshPlan(/** @type {string} */ id) {
  flightStore.plan.value = await request(`airspace/operations/${id}`).catch(() => flightStore.plan.peek());
}

/** Open a plan of the inbox, or close it. */
export function openRow(/** @type {string | null} */ id) {
  batch(() => {
    url.operation.value = id;
    approvalStore.refused.value = null;
  });
}

/** Go to the next plan that waits, or to the one before. */
export function stepRow(/** @type {number} */ step) {
  const ids = (rows.peek() ?? []).map((plan) => plan.id);
  if (!ids.length) return;
  const at = ids.indexOf(url.operation.peek() ?? '');
  openRow(ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step))]);
}

/** Decide a plan; the next one that waits is opened. */
export async function decide(/** @type {FlightPlan} */ plan, /** @type {Decision} */ body) {
  approvalStore.working.value = true;
  approvalStore.refused.value = null;
  try {
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const done = await request(`airspace/operations/${plan.id}/decision`, { method: 'POST', body, headers });
    if (done.state === 'Filed') toast({ kind: 'warn', text: t('inbox.half', { title: plan.title }) });
    else settle(plan, done);
    await loadInbox();
  } catch (error) {
    await refuse(plan, error);
  }
  approvalStore.working.value = false;
}

function settle(/** @type {FlightPlan} */ plan, /** @type {FlightPlan} */ done) {
  const all = rows.peek() ?? [];
  const at = all.findIndex(({ id }) => id === plan.id);
  const next = all[at + 1] ?? all[at - 1];
  batch(() => {
    rows.value = all.filter(({ id }) => id !== plan.id);
    url.operation.value = next?.id ?? null;
  });
  toast({ kind: 'ok', text: t(done.state === 'Denied' ? 'inbox.denied' : 'inbox.approved', { title: plan.title }) });
}

/** Tell a refused decision: whose plan stands in the way, or which colleague was quicker. */
async function refuse(/** @type {FlightPlan} */ plan, /** @type {unknown} */ error) {
  const { status, body } = /** @type {any} */ (error);
  const ids = status === CONFLICT ? (body.conflicts ?? [plan]).map((/** @type {{ id: string }} */ { id }) => id) : [];
  const found = await Promise.all(ids.map((/** @type {string} */ id) =>
    request(`airspace/operations/${id}`).catch(() => null)));
  const by = found.filter((one) => one?.decided_by);
  approvalStore.refused.value = { id: plan.id, error, by };
  toast({ kind: 'bad', text: by.length ? lostTo(by[0]) : explain(error), sticky: true });
  await loadInbox();
}

/** Say who decided a plan, and when. */
export const lostTo = (/** @type {FlightPlan} */ plan) => t('inbox.lost', {
  who: plan.decided_by ?? '', title: plan.title, time: moment(plan.decided_at ?? '', true),
  state: t(/** @type {any} */ (`plan.${plan.state}`)),
});

/** Keep the inbox of an officer; verdicts follow zones and restrictions. */
export function watchApprovals() {
  effect(() => {
    if (sessionStore.answer.value) untracked(loadInbox);
  });
  effect(() => {
    const changed = ZONES.map((id) => layerStore.bumps.value[id] ?? 0).some(Boolean);
    if (changed) later();
  });
}
