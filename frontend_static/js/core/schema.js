// @ts-check
/** JSON Schemas as forms: which control an input asks for, a first value, and what was filled in. */
import { t } from './i18n.js';

/**
 * @typedef {'choice' | 'flag' | 'number' | 'text' | 'point' | 'lines' | 'list' | 'object' | 'places'
 *   | 'json'} FieldKind
 */
/** @typedef {import('./types.js').ProcessStep} ProcessStep */

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
  if (schema.prefixItems?.length === 2) return 'point';
  if (schema.type === 'array') return listKind(schema.items);
  if (!schema.properties) return 'json';
  return schema.properties.layer && schema.properties.points ? 'places' : 'object';
}

/** @returns {FieldKind} */
function listKind(/** @type {any} */ items) {
  if (!items) return 'json';
  return ['text', 'number', 'point'].includes(fieldKind(items)) ? 'lines' : 'list';
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
  if (fieldKind(schema) === 'point') return at;
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

/** Return what was filled in, without what was left empty. @returns {any} */
function filled(/** @type {any} */ value) {
  if (Array.isArray(value)) {
    const known = value.map(filled).filter((one) => one !== undefined);
    return known.length ? known : undefined;
  }
  if (value === '' || value === null || value === undefined) return undefined;
  if (typeof value !== 'object') return value;
  const known = Object.entries(value).map(([name, one]) => [name, filled(one)]);
  const kept = known.filter(([, one]) => one !== undefined);
  return kept.length ? Object.fromEntries(kept) : undefined;
}

/** Read the inputs of a form; what is left empty is left out. @throws {Error} where JSON is none */
export function readInputs(/** @type {ProcessStep} */ step, /** @type {Record<string, any>} */ values) {
  /** @type {Record<string, unknown>} */
  const inputs = Object.fromEntries(Object.entries(step.fixed).map(([name, { value }]) => [name, value]));
  for (const [name, { schema, title }] of Object.entries(step.editable)) {
    const given = filled(values[name]);
    if (given !== undefined) inputs[name] = fieldKind(schema) === 'json' ? parsed(given, title) : given;
  }
  return inputs;
}

function parsed(/** @type {string} */ given, /** @type {string} */ title) {
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new Error(t('scene.not_json', { title }), { cause: error });
  }
}
