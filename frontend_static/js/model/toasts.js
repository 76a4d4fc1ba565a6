// @ts-check
/** Messages in the corner of the map. */
import { signal } from '@preact/signals-core';

/** @typedef {import('../core/types.js').Toast} Toast */

const STAY_MS = 7000;
const STAY_WITH_ACTION_MS = 30_000;
/** Messages that stand there at once. */
const MOST = 4;

export const toastStore = {
  shown: signal(/** @type {Toast[]} */ ([])),
  /** The id of the next message. */
  next: signal(1),
};

/** Show a message; it leaves by itself, later when it is `sticky`. */
export function toast(/** @type {Omit<Toast, 'id'>} */ message) {
  const id = toastStore.next.peek();
  toastStore.next.value = id + 1;
  toastStore.shown.value = [...toastStore.shown.peek().slice(1 - MOST), { ...message, id }];
  setTimeout(() => dismiss(id), message.sticky ? STAY_WITH_ACTION_MS : STAY_MS);
  return id;
}

export function dismiss(/** @type {number} */ id) {
  toastStore.shown.value = toastStore.shown.peek().filter((entry) => entry.id !== id);
}
