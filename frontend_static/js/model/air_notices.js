// @ts-check
/** What the account was told of restrictions over its plans, and its receipts. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { explain, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { url } from '../core/store.js';
import { openAir } from './flight.js';
import { refreshRestriction } from './restrictions.js';
import { sessionStore } from './session.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').AirNotice} AirNotice */

/** What comes together is asked for together. */
const GATHER_MS = 250;

const all = signal(/** @type {AirNotice[]} */ ([]));

export const noticeStore = {
  /** Notices that wait for the account's receipt, the newest first. */
  open: computed(() => all.value.filter((notice) => !notice.received_at)),
  working: signal(false),
};

/** Fetch the account's notices. */
export async function loadNotices() {
  if (!sessionStore.account.peek()) return;
  try {
    all.value = (await request('airspace/notices')).notices;
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
}

/** Say that a notice was received: by the owner of the plan, or by an officer who called it. */
export async function receiveNotice(/** @type {string} */ restriction, /** @type {string} */ plan) {
  noticeStore.working.value = true;
  try {
    await request(`airspace/restrictions/${restriction}/receipts/${plan}`, { method: 'POST', body: {} });
    const open = url.restricted.peek() === restriction;
    await Promise.all([loadNotices(), open ? refreshRestriction(restriction) : null]);
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
  noticeStore.working.value = false;
}

/** Open the restriction that a notice tells of. */
export function showRestriction(/** @type {string} */ id) {
  batch(() => {
    url.restricted.value = id;
    openAir('restrict');
  });
}

/** Owners of flights are told of a restriction somewhere: one's own notices, and the open restriction, follow. */
const later = debounce(() => {
  loadNotices();
  const open = url.restricted.peek();
  if (open && url.air.peek() === 'restrict') refreshRestriction(open);
}, GATHER_MS);

export const restrictionTold = () => later();

/** Keep the notices of the account. */
export function watchNotices() {
  effect(() => {
    if (sessionStore.account.value) untracked(loadNotices);
  });
}
