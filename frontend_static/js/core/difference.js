// @ts-check
/** The numbers of two answers of a process side by side, and by how much they differ. */

/** @typedef {{ name: string, title: string, value: unknown }} Output */
/** @typedef {{ at: string, before: number | null, after: number | null }} Change */

/** How deep numbers are looked for. */
const DEPTH = 3;

/**
 * Collect the numbers of a value by their path; of lists how long they are.
 *
 * @param {string} at @param {any} value @param {number} depth @returns {[string, number][]}
 */
function numbersOf(at, value, depth) {
  if (typeof value === 'number') return [[at, value]];
  if (Array.isArray(value)) return [[at, value.length]];
  if (value?.type === 'FeatureCollection') return [[at, value.features.length]];
  if (!value || typeof value !== 'object' || depth === 0) return [];
  return Object.entries(value).flatMap(([name, one]) => numbersOf(`${at} · ${name}`, one, depth - 1));
}

/** Compare the outputs of two runs. @returns {Change[]} */
export function compare(/** @type {Output[]} */ before, /** @type {Output[]} */ after) {
  const told = (/** @type {Output[]} */ outputs) =>
    new Map(outputs.flatMap(({ title, value }) => numbersOf(title, value, DEPTH)));
  const [first, second] = [told(before), told(after)];
  return [...new Set([...first.keys(), ...second.keys()])].map((at) => ({
    at,
    before: first.get(at) ?? null,
    after: second.get(at) ?? null,
  }));
}
