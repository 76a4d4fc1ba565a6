// @ts-check
/** A voyage as it is typed, what the server is asked of it, and the figures of its charts. */
import { fromInput } from './i18n.js';

/** @typedef {[number, number]} Place longitude, latitude */

/**
 * A vessel and where it goes, as typed: nothing of it is lost before it is right.
 *
 * @typedef {object} Draft
 * @property {string} [places] `lon, lat` in lines
 * @property {string} [draught] m, loaded
 * @property {string} [air] m above the water
 * @property {string} [beam] m
 * @property {string} [length] m
 * @property {string} [tonnage] t, deadweight
 * @property {string} [light] m, draught without cargo
 * @property {string} [from] departure, 2026-11-22 18:05; blank: now
 */

/** A usual vessel of 500 t. @type {Required<Draft>} */
export const NEW_VOYAGE = {
  places: '', draught: '2.2', air: '5.5', beam: '10.8', length: '55', tonnage: '500', light: '0.9', from: '',
};

/** What of a draft differs from a usual vessel. @returns {Draft} */
export function differing(/** @type {Draft} */ draft) {
  const names = /** @type {(keyof Draft)[]} */ (Object.keys(draft));
  const changed = names.filter((name) => draft[name] !== NEW_VOYAGE[name]);
  return Object.fromEntries(changed.map((name) => [name, draft[name]]));
}

const DAYS = 7;
const SIZES = /** @type {const} */ ([
  ['draught_m', 'draught'], ['air_draught_m', 'air'], ['beam_m', 'beam'], ['length_m', 'length'],
  ['deadweight_t', 'tonnage'],
]);
const numeral = (/** @type {string} */ text) => (text.trim() === '' ? undefined : Number(text));

/** The vessel; what is left blank is not known. */
export const vesselOf = (/** @type {Required<Draft>} */ draft) =>
  Object.fromEntries(SIZES.map(([name, field]) => [name, numeral(draft[field])]));

const when = (/** @type {Required<Draft>} */ { from }) => (from.trim() ? { depart_at: fromInput(from) } : {});

/** The question for ways. */
export const pathBody = (/** @type {Required<Draft>} */ draft, /** @type {Place[]} */ waypoints) => ({
  vessel: vesselOf(draft), waypoints, ...when(draft), alternatives: 1, include: ['profile'],
});

/** The question for tonnes by day; null where draughts and tonnage are not typed. */
export function loadingBody(/** @type {Required<Draft>} */ draft, /** @type {Place[]} */ waypoints) {
  const [light, loaded, tonnage] = [draft.light, draft.draught, draft.tonnage].map(numeral);
  if (!light || !loaded || !tonnage || loaded <= light) return null;
  const { draught_m: _, ...vessel } = vesselOf(draft);
  const ends = [waypoints[0], waypoints[waypoints.length - 1]];
  return { vessel, waypoints: ends, ...when(draft), days: DAYS, payload: [[light, 0], [loaded, tonnage]] };
}

/**
 * @typedef {{ sure: number | null, may: number | null }} Admitted
 * @typedef {{ from_m: number, to_m: number, admits: Record<string, Admitted> }} Along
 */

/**
 * The steps of a profile: where each stretch begins and ends, and the size that is sure and that may do;
 * nothing passes at 0, anything at null.
 *
 * @param {Along[]} along @param {string} size
 */
export function stepsOf(along, size) {
  return along.map(({ from_m: from, to_m: to, admits }) => ({
    from, to, sure: admits[size]?.sure ?? null, may: admits[size]?.may ?? null,
  }));
}

/** A top of an axis that holds some values, none of them above `most`. */
export function topOf(/** @type {(number | null)[]} */ values, /** @type {number} */ most) {
  const known = values.filter((value) => value !== null && value <= most);
  return Math.ceil(Math.max(1, .../** @type {number[]} */ (known)) * 1.15);
}
