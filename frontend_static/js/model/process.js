// @ts-check
/** The processes of a scenario: forms from their JSON Schemas, runs, and what came out. */
import { computed, signal } from '@preact/signals-core';
import { request } from '../core/api.js';
import { execute } from '../core/execute.js';
import { readInputs } from '../core/schema.js';
import { url } from '../core/store.js';
import { viewStore } from './view.js';

/** @typedef {import('../core/types.js').ProcessStep} ProcessStep */
/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {{ name: string, title: string, value: unknown }} Output */
/** @typedef {{ state: 'running', progress: number | null }
 *   | { state: 'failed', error: unknown }
 *   | { state: 'done', outputs: Output[] }} Run */

/** The newest run of each process, by scenario and place on its page. */
const runs = signal(/** @type {Record<string, Run>} */ ({}));

/** What came out of the run that others are compared with, by the same keys. */
const baselines = signal(/** @type {Record<string, Output[]>} */ ({}));

export const processStore = {
  runs,
  baselines,
  /** Features that the runs of the open scenario gave. */
  features: computed(() => {
    const open = Object.entries(runs.value).filter(([key]) => key.startsWith(`${url.scenario.value}/`));
    const outputs = open.flatMap(([, run]) => (run.state === 'done' ? run.outputs : []));
    return outputs.flatMap(({ value }) => featuresOf(value));
  }),
};

/** The features of an output; none when it is something else. @returns {Feature[]} */
export const featuresOf = (/** @type {any} */ value) =>
  value?.type === 'FeatureCollection' ? value.features.filter((/** @type {Feature} */ f) => f.geometry) : [];

/** The middle of the map, as a place. @returns {[number, number]} */
export function middle() {
  const { lng, lat } = viewStore.camera.peek() ?? { lng: 120, lat: 30 };
  return [Number(lng.toFixed(5)), Number(lat.toFixed(5))];
}

function note(/** @type {string} */ key, /** @type {Run} */ run) {
  runs.value = { ...runs.peek(), [key]: run };
}

/** What is filled in in the form of a process. @returns {Record<string, any>} */
export const inputsOf = (/** @type {string} */ key) => url.inputs.value[key] ?? {};

/** Fill in one input. */
export function setInput(/** @type {string} */ key, /** @type {string} */ name, /** @type {unknown} */ value) {
  url.inputs.value = { ...url.inputs.peek(), [key]: { ...inputsOf(key), [name]: value } };
}

/** Compare the runs that follow with the newest one, or with none. */
export function keepBaseline(/** @type {string} */ key, /** @type {boolean} */ on) {
  const run = runs.peek()[key];
  const { [key]: _, ...rest } = baselines.peek();
  baselines.value = on && run?.state === 'done' ? { ...rest, [key]: run.outputs } : rest;
}

/** Run a process, at once or as a job, and keep what comes out. */
export async function runStep(/** @type {string} */ key, /** @type {ProcessStep} */ step) {
  note(key, { state: 'running', progress: null });
  try {
    const inputs = readInputs(step, inputsOf(key));
    const [found, described] = await Promise.all([
      execute(step.id, inputs, { told: ({ progress = null }) => note(key, { state: 'running', progress }) }),
      request(`processes/${step.id}`),
    ]);
    const outputs = Object.entries(found).map(([name, value]) =>
      ({ name, title: String(described.outputs[name]?.title ?? name), value }));
    note(key, { state: 'done', outputs });
  } catch (error) {
    note(key, { state: 'failed', error });
  }
}
