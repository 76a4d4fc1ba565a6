// @ts-check
/** Which port each county would use before and after the closure that a board or the drill names. */
import { batch, computed, signal } from '@preact/signals-core';
import { aborted } from '../core/api.js';
import { changedOf, choiceBody, closureSign, cornersOf } from '../core/choice.js';
import { now } from '../core/clock.js';
import { execute } from '../core/execute.js';
import { Latest } from '../core/latest.js';
import { linkageStore, showPoints } from './linkage.js';

/** @typedef {import('../core/choice.js').Choices} Choices */

const PROCESS = 'hub-choice';

export const choiceStore = {
  /** What the answer, the problem or the question under way is about. */
  sign: signal(''),
  answer: signal(/** @type {Choices | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
};

const running = new Latest();

/** Whether what is told is about the closure that is named now. */
export const choiceHolds = computed(() => {
  const sign = closureSign(linkageStore.draft.value);
  return Boolean(sign) && choiceStore.sign.value === sign;
});

/** The counties that choose otherwise after the closure that is named; null while that is not known. */
export const changedCounties = computed(() => {
  const answer = choiceStore.answer.value;
  return answer && choiceHolds.value ? changedOf(answer) : null;
});

/** Compare before and after the closure that is named. */
export async function runChoice() {
  const draft = linkageStore.draft.peek();
  const sign = closureSign(draft);
  if (!sign) return;
  const signal = running.begin();
  batch(() => {
    choiceStore.sign.value = sign;
    choiceStore.answer.value = null;
    choiceStore.error.value = null;
    choiceStore.working.value = true;
  });
  try {
    choiceStore.answer.value = /** @type {any} */ (await execute(PROCESS, choiceBody(draft, now()), { signal }));
    showPoints((changedCounties.peek() ?? []).flatMap(({ geometry }) => cornersOf(geometry)));
  } catch (error) {
    if (aborted(error) || signal.aborted) return;
    choiceStore.error.value = error;
  }
  choiceStore.working.value = false;
}
