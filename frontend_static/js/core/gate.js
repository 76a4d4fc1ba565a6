// @ts-check
/** Appointments at a gate as its desk asks and shows them: days with requests, slots, who has none. */
import { day as dayOf, midnight, rfc3339 } from './i18n.js';

/**
 * @typedef {import('./types.js').Origin} Origin
 * @typedef {import('./types.js').Text} Text
 * @typedef {object} Slot loads and queues in services of one move
 * @property {string} begins
 * @property {number} lanes
 * @property {number} trucks
 * @property {number} load
 * @property {number} quota
 * @property {number} wished load where all come as they wish
 * @property {number} queue expected to wait at its end
 * @property {number} queue_wished the same where all come as they wish
 *
 * @typedef {{ id: string, begins: string, ends: string, deviation_min: number, moves: number, origin: Origin }} Truck
 * @typedef {{ id: string, since: string, until: string, moves: number, cause: 'closed' | 'full', text: Text }} Refused
 * @typedef {{ since: string, until: string, load: number, places: number, text: Text }} Crowd
 * @typedef {{ appointments: Truck[], refused: Refused[], slots: Slot[], deviation_min: number, bound_min: number,
 *   most_served: number, crowd: Crowd | null, queue_most: number, risk: number, risk_as_wished: number,
 *   origin: Origin }} GatePlan
 * @typedef {{ day: string, trucks: number }} Day
 */

const DAY_MS = 86_400_000;

/** Days in Asia/Shanghai that windows of requests touch, in their order. @returns {Day[]} */
export function daysOf(/** @type {{ since: string, until: string }[]} */ windows) {
  const count = new Map(/** @type {[string, number][]} */ ([]));
  for (const { since, until } of windows) {
    const touched = new Set([dayOf(since), dayOf(Math.max(Date.parse(since), Date.parse(until) - 1))]);
    for (const day of touched) count.set(day, (count.get(day) ?? 0) + 1);
  }
  return [...count].map(([day, trucks]) => ({ day, trucks })).sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** The day on show: as chosen, else the first that is not past, else the last; null where there is none. */
export function shownDay(/** @type {Day[]} */ days, /** @type {string} */ chosen, /** @type {number} */ now) {
  const today = dayOf(now);
  const one = days.find(({ day }) => day === chosen) ?? days.find(({ day }) => day >= today) ?? days[days.length - 1];
  return one?.day ?? null;
}

/**
 * The question for a day of a terminal's gate; `lanes` is how many work all day, blank those of the terminal.
 *
 * @param {{ id: string, key: string }} terminal @param {string} day @param {string} lanes
 */
export function gateBody({ id, key }, day, lanes) {
  const begin = midnight(`${day}T00:00:00+08:00`);
  const [since, until] = [rfc3339(begin), rfc3339(begin + DAY_MS)];
  return {
    since, until,
    terminal: { layer: 'container_terminals', filter: `key = '${key.replaceAll("'", "''")}'` },
    requests_from: { layer: 'gate_requests', filter: `terminal_id = '${id}'` },
    ...(/^\d+$/.test(lanes) ? { lanes: [{ since, until, lanes: Number(lanes) }] } : {}),
  };
}

/** The slots that are drawn: from the first in which somebody comes, wants to or waits to the last. */
export function busySlots(/** @type {GatePlan} */ { slots }) {
  const busy = (/** @type {Slot} */ one) =>
    one.load > 0 || one.wished > 0 || Math.max(one.queue, one.queue_wished) >= 0.5;
  const first = slots.findIndex(busy);
  const last = slots.length - 1 - [...slots].reverse().findIndex(busy);
  return first < 0 ? [] : slots.slice(first, last + 1);
}

/** Trucks of a slot. */
export const trucksOf = (/** @type {GatePlan} */ plan, /** @type {string | null} */ begins) =>
  plan.appointments.filter((one) => Date.parse(one.begins) === Date.parse(begins ?? ''));
