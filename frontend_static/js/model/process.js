// @ts-check
/** The processes of a scenario: forms from their JSON Schemas, runs, and what came out. */
import { computed, signal } from '@preact/signals-core';
import { address, request, send } from '../core/api.js';
import { url } from '../core/store.js';
import { viewStore } from './view.js';

/** @typedef {import('../core/types.js').ProcessInput} ProcessInput */
/** @typedef {import('../core/types.js').ProcessStep} ProcessStep */
/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {'choice' | 'flag' | 'number' | 'text' | 'places' | 'json'} FieldKind */
/** @typedef {{ name: string, title: string, value: unknown }} Output */
/** @typedef {{ state: 'running', progress: number | null }
 *   | { state: 'failed', error: unknown }
 *   | { state: 'done', outputs: Output[] }} Run */

const POLL_MS = 1000;
/** How the text of a control becomes a value. @type {Record<FieldKind, (text: string) => unknown>} */
const READ = { choice: String, text: String, flag: Boolean, number: Number, places: JSON.parse, json: JSON.parse };
const ENDED = new Set(['successful', 'failed', 'dismissed']);

/** The newest run of each process, by scenario and place on its page. */
const runs = signal(/** @type {Record<string, Run>} */ ({}));

export const processStore = {
  runs,
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

/** A schema without the null that only says that the input may be left out. */
export function plainSchema(/** @type {any} */ schema) {
  const real = (schema.anyOf ?? []).filter((/** @type {any} */ one) => one.type !== 'null');
  return real.length === 1 ? { ...schema, anyOf: undefined, ...real[0] } : schema;
}

/** Which control a schema asks for. @returns {FieldKind} */
export function fieldKind(/** @type {any} */ raw) {
  const schema = plainSchema(raw);
  if (schema.enum) return 'choice';
  if (schema.type === 'boolean') return 'flag';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'string') return 'text';
  return schema.properties?.layer && schema.properties?.points ? 'places' : 'json';
}

/** Make the least value that a schema allows; places lie in the middle of the map. @returns {any} */
export function sketch(/** @type {any} */ raw) {
  const schema = plainSchema(raw);
  if (fieldKind(schema) === 'places') return { points: [sketch(plainSchema(schema.properties.points).items)] };
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.prefixItems?.length === 2) return middle();
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sketch(schema.items));
  if (schema.properties) return sketchObject(schema);
  if (schema.type === 'number' || schema.type === 'integer') return schema.minimum ?? 1;
  return schema.format === 'date-time' ? new Date().toISOString() : schema.type === 'boolean' ? false : '1';
}

function sketchObject(/** @type {any} */ schema) {
  const names = schema.required ?? Object.keys(schema.properties);
  const known = names.filter((/** @type {string} */ name) => schema.properties[name]);
  return Object.fromEntries(known.map((/** @type {string} */ name) => [name, sketch(schema.properties[name])]));
}

function middle() {
  const { lng, lat } = viewStore.camera.peek() ?? { lng: 120, lat: 30 };
  return [Number(lng.toFixed(5)), Number(lat.toFixed(5))];
}

/** Read the inputs of a form; what is left empty is left out. @throws {SyntaxError} where JSON is none */
export function readInputs(/** @type {ProcessStep} */ step, /** @type {FormData} */ form) {
  /** @type {Record<string, unknown>} */
  const inputs = Object.fromEntries(Object.entries(step.fixed).map(([name, { value }]) => [name, value]));
  for (const [name, { schema }] of Object.entries(step.editable)) {
    const kind = fieldKind(schema);
    const given = String(form.get(name) ?? '').trim();
    const layer = form.get(`${name}.layer`);
    if (kind === 'places' && layer) inputs[name] = { layer, filter: form.get(`${name}.filter`) || undefined };
    else if (kind === 'flag') inputs[name] = given === 'on';
    else if (given !== '') inputs[name] = READ[kind](given);
  }
  return inputs;
}

function note(/** @type {string} */ key, /** @type {Run} */ run) {
  runs.value = { ...runs.peek(), [key]: run };
}

/** Run a process, at once or as a job, and keep what comes out. */
export async function runStep(
  /** @type {string} */ key,
  /** @type {ProcessStep} */ step,
  /** @type {FormData} */ form,
) {
  note(key, { state: 'running', progress: null });
  try {
    const inputs = readInputs(step, form);
    const at = `processes/${step.id}`;
    const [answer, described] = await Promise.all([
      send(address(`${at}/execution`), { method: 'POST', body: { inputs } }),
      request(at),
    ]);
    const first = await answer.json();
    const found = answer.status === 201 ? await ended(key, first.jobID) : first;
    const outputs = Object.entries(found).map(([name, value]) => ({
      name,
      title: String(described.outputs[name]?.title ?? name),
      value: value?.mediaType ? value.value : value,
    }));
    note(key, { state: 'done', outputs });
  } catch (error) {
    note(key, { state: 'failed', error });
  }
}

/** Wait for a job and read its results; those of a failed one are its problem. */
async function ended(/** @type {string} */ key, /** @type {string} */ job) {
  for (;;) {
    const { status, progress = null } = await request(`jobs/${job}`);
    if (ENDED.has(status)) return request(`jobs/${job}/results`);
    note(key, { state: 'running', progress });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
