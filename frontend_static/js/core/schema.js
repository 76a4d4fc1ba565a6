// @ts-check
/** JSON Schemas as forms: which control an input asks for, a first value, and what was filled in. */
import { t } from './i18n.js';

/** @typedef {'choice' | 'flag' | 'number' | 'text' | 'places' | 'json'} FieldKind */
/** @typedef {import('./types.js').ProcessStep} ProcessStep */

/** How the text of a control becomes a value. @type {Record<FieldKind, (text: string) => unknown>} */
const READ = { choice: String, text: String, flag: Boolean, number: Number, places: JSON.parse, json: JSON.parse };

/** Read a control, or tell which one holds no JSON. */
function read(/** @type {FieldKind} */ kind, /** @type {string} */ given, /** @type {string} */ title) {
  try {
    return READ[kind](given);
  } catch (error) {
    throw new Error(t('scene.not_json', { title }), { cause: error });
  }
}

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

/**
 * Make the least value that a schema allows; its places lie at a position.
 *
 * @param {any} raw @param {[number, number]} at @returns {any}
 */
export function sketch(raw, at) {
  const schema = plainSchema(raw);
  if (fieldKind(schema) === 'places') return { points: [sketch(plainSchema(schema.properties.points).items, at)] };
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.prefixItems?.length === 2) return at;
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => sketch(schema.items, at));
  if (schema.properties) return sketchObject(schema, at);
  if (schema.type === 'number' || schema.type === 'integer') return schema.minimum ?? 1;
  return schema.format === 'date-time' ? new Date().toISOString() : schema.type === 'boolean' ? false : '1';
}

function sketchObject(/** @type {any} */ schema, /** @type {[number, number]} */ at) {
  const names = schema.required ?? Object.keys(schema.properties);
  const known = names.filter((/** @type {string} */ name) => schema.properties[name]);
  return Object.fromEntries(known.map((/** @type {string} */ name) => [name, sketch(schema.properties[name], at)]));
}

/** Read the inputs of a form; what is left empty is left out. @throws {Error} where JSON is none */
export function readInputs(/** @type {ProcessStep} */ step, /** @type {FormData} */ form) {
  /** @type {Record<string, unknown>} */
  const inputs = Object.fromEntries(Object.entries(step.fixed).map(([name, { value }]) => [name, value]));
  for (const [name, { schema, title }] of Object.entries(step.editable)) {
    const kind = fieldKind(schema);
    const given = String(form.get(name) ?? '').trim();
    const layer = form.get(`${name}.layer`);
    if (kind === 'places' && layer) inputs[name] = { layer, filter: form.get(`${name}.filter`) || undefined };
    else if (kind === 'flag') inputs[name] = given === 'on';
    else if (given !== '') inputs[name] = read(kind, given, title);
  }
  return inputs;
}
