// @ts-check
/** A typhoon drill: an area and a window as typed, the question, and what is told of the answer. */
import { fromInput, toInput } from './i18n.js';

/**
 * @typedef {import('./types.js').Text} Text
 * @typedef {{ departs: string, arrives: string, cost_cny: unknown, legs: { mode: import('./linkage.js').Mode }[] }} Way
 * @typedef {object} Affected
 * @property {string} id
 * @property {string} start
 * @property {string} goal
 * @property {number} teu
 * @property {'rerouted' | 'waits' | 'unserved' | 'arrived' | 'unchanged'} status
 * @property {number | null} later_h
 * @property {number | null} dearer_cny
 * @property {Way | null} before
 * @property {Way | null} after
 * @property {import('./types.js').Origin} origin
 *
 * @typedef {object} Sum
 * @property {number} generalised_cny
 * @property {number} cost_cny
 * @property {number} co2_kg
 * @property {number} teu_h
 *
 * @typedef {object} Drill
 * @property {Affected[]} affected
 * @property {{ hub: string, name_zh: string | null, name_en: string | null, before_teu_h: number, after_teu_h: number,
 *   more_teu_h: number, shipments: number }[]} waiting
 * @property {{ kind: string, ref: string, name_zh: string | null, name_en: string | null, saved_cny: number,
 *   low_cny: number | null, high_cny: number | null }[]} prices
 * @property {{ shipments: number, affected: number, rerouted: number, waits: number, unserved: number, late: number,
 *   before: Sum, after: Sum, gap: number | null, seconds: number }} totals
 * @property {Text[]} notes
 * @property {{ features: any[] }} closed
 * @property {{ features: any[] }} flows
 */

/** Hours from now that a drill begins, and that it lasts, where nothing is typed. */
const [BEGINS_H, LASTS_H] = [12, 36];
const HOUR_MS = 3_600_000;

/** The ring that `lon,lat;lon,lat;…` names, closed; null while it has not three corners. */
export function ringOf(/** @type {string} */ text) {
  const points = text.split(';').filter(Boolean).map((one) => one.split(',').map(Number));
  if (points.length < 3 || points.some((at) => at.length !== 2 || !at.every(Number.isFinite))) return null;
  const [first, last] = [points[0], points[points.length - 1]];
  return first[0] === last[0] && first[1] === last[1] ? points : [...points, first];
}

/** Corners as they are kept. */
export const areaText = (/** @type {[number, number][]} */ points) =>
  points.map((at) => at.map((value) => Number(value.toFixed(4))).join(',')).join(';');

/** The window: as typed, else 36 hours from twelve hours ahead. */
export function windowOf(/** @type {{ since: string, until: string }} */ { since, until }, /** @type {number} */ now) {
  const begin = since.trim() || toInput(Math.ceil(now / HOUR_MS) * HOUR_MS + BEGINS_H * HOUR_MS);
  const end = until.trim() || toInput(Date.parse(fromInput(begin)) + LASTS_H * HOUR_MS || now);
  return { since: fromInput(begin), until: fromInput(end) };
}

/**
 * The question; null while no area is drawn.
 *
 * @param {{ area: string, since: string, until: string, count: string, roads: string }} draft @param {number} now ms
 */
export function drillBody(draft, now) {
  const ring = ringOf(draft.area);
  if (!ring) return null;
  const count = Number(draft.count);
  const typhoon = { id: 'drill', kind: 'typhoon', polygon: { type: 'Polygon', coordinates: [ring] },
    roads: draft.roads === '1', ...windowOf(draft, now) };
  return { disruptions: [typhoon], ...(count ? { synthetic: { count, seed: 1 } } : { table: true }) };
}

const RANK = { unserved: 0, rerouted: 1, waits: 2, arrived: 3, unchanged: 4 };

/** The affected, the worst first: unserved, then by hours later. */
export const worstFirst = (/** @type {Affected[]} */ all) =>
  [...all].sort((a, b) => RANK[a.status] - RANK[b.status] || (b.later_h ?? 0) - (a.later_h ?? 0));
