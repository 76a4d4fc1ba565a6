// @ts-check
/** The rules of the air with their legal texts, asked for once they are wanted. */
import { computed, signal } from '@preact/signals-core';
import { request } from '../core/api.js';

/** @typedef {import('../core/types.js').RuleShort} RuleShort */

const OF_THE_AIR = /^(airspace|uas)\./;
/** Rules of this system's own, whose text is no ground of a decision. */
const NO_GROUND = new Set(['airspace.accuracy', 'uas.question_bounds']);

const all = signal(/** @type {RuleShort[] | null} */ (null));

export const ruleStore = {
  error: signal(/** @type {unknown} */ (null)),
  /** Rules in force of which a decision can name the text. */
  citable: computed(() => (all.value ?? []).filter(({ key, in_force: now, legal_text: text }) =>
    OF_THE_AIR.test(key) && !NO_GROUND.has(key) && now && text).reverse()),
};

export async function loadRules() {
  if (all.peek()) return;
  try {
    all.value = (await request('rules')).rules;
    ruleStore.error.value = null;
  } catch (error) {
    ruleStore.error.value = error;
  }
}

/** Find a rule by its key. */
export const ruleText = (/** @type {string} */ key) => all.value?.find((rule) => rule.key === key);
