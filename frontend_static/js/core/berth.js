// @ts-check
/** A berth plan as its desk shows it: rectangles of length and time along the quay of a terminal. */

/**
 * @typedef {import('./types.js').Origin} Origin
 * @typedef {object} Lying where a vessel lies, and when
 * @property {string} call
 * @property {string | null} vessel null where the reader may not see her
 * @property {string} berth
 * @property {number} from_m along the berth
 * @property {number} to_m
 * @property {string} start
 * @property {string} handled
 * @property {string} leaves
 * @property {number} waits_min
 * @property {number} late_min
 * @property {'planned' | 'berthed'} state
 * @property {Origin} origin
 *
 * @typedef {{ key: string, name_zh: string | null, name_en: string | null, length_m: number, depth_m: number | null,
 *   from_m: number | null }} Berth
 * @typedef {{ call: string, vessel: string | null, cause: string, zh: string, en: string }} Unplanned
 * @typedef {object} Plan
 * @property {{ id: string, type: string, geometry: any, properties: Lying }[]} features
 * @property {{ id: string, name_zh: string | null, name_en: string | null, origin: Origin }} terminal
 * @property {Berth[]} berths
 * @property {string} since
 * @property {string} until
 * @property {{ since: string, until: string, depth_m: number }[]} tides
 * @property {number} cost
 * @property {number | null} bound
 * @property {number} gap
 * @property {number} first_come
 * @property {Unplanned[]} unplanned
 * @property {string} made_at
 * @property {Origin} origin
 */

/**
 * Berths one after the other along an axis of metres: each begins where it lies along the terminal's quay, or after
 * the one before it where that is not told.
 *
 * @param {Berth[]} berths
 */
export function laidOut(berths) {
  let next = 0;
  const placed = berths.map((berth) => {
    const from = berth.from_m ?? next;
    next = Math.max(next, from + berth.length_m);
    return { berth, from, to: from + berth.length_m };
  });
  return { placed, length: next };
}

/** Rectangles of a plan in metres along the quay and epoch milliseconds; berths that are not there are left out. */
export function boxesOf(/** @type {Plan} */ plan) {
  const { placed } = laidOut(plan.berths);
  return plan.features.flatMap(({ properties: lying }) => {
    const own = placed.find(({ berth }) => berth.key === lying.berth);
    return own ? [{ lying, from: own.from + lying.from_m, to: own.from + lying.to_m, start: Date.parse(lying.start),
      handled: Date.parse(lying.handled), leaves: Date.parse(lying.leaves) }] : [];
  });
}

/** The span of time that a plan is drawn in: from its begin to the last leaving. @returns {[number, number]} */
export function spanOfPlan(/** @type {Plan} */ plan) {
  const boxes = boxesOf(plan);
  const since = Math.min(Date.parse(plan.since), ...boxes.map(({ start }) => start));
  return [since, Math.max(since + 3_600_000, ...boxes.map(({ leaves }) => leaves))];
}
