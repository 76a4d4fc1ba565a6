// @ts-check
/** Which port each county would use before and after a closure: the question, and who changes. */
import { ringOf, windowOf } from './drill.js';

/**
 * @typedef {import('./types.js').Text} Text
 * @typedef {'cost' | 'time' | 'co2'} Measure
 * @typedef {{ port: Text, hub: string | null, low: number }} Used a port, the first hub (null: by road alone), and
 *   the lower end of the measure
 * @typedef {{ measure: Measure, from: Used | null, to: Used | null }} Change null where no port is reached in time
 * @typedef {{ code: string, name: Text, geometry: any, changes: Change[] }} Changed
 * @typedef {object} Choices
 * @property {{ places: number, ports: number, depart_at: string, within_h: number, teu: number,
 *   changed: Record<Measure, string[]> | null }} summary
 * @property {{ features: { geometry: any, properties: Record<string, any> }[] }} areas
 */

const UNITS = /** @type {const} */ ({ cost: 'cny', time: 'h', co2: 'kg' });
export const CHOICE_MEASURES = /** @type {Measure[]} */ (Object.keys(UNITS));

/** @typedef {{ view: string, hub: string, area: string, since: string, until: string }} Named */

/** What a comparison is the same by; blank where nothing is named that could be closed. */
export const closureSign = (/** @type {Named} */ { view, hub, area, since, until }) =>
  (view === 'hub' ? hub : ringOf(area) ? [area, since, until].join(' ') : '');

/** The question: a hub that is closed for good, or a typhoon whose window begins as the load is ready. */
export function choiceBody(/** @type {Named} */ draft, /** @type {number} */ now) {
  if (draft.view === 'hub') return { closed: [{ hub: draft.hub }] };
  const window = windowOf(draft, now);
  return { closed: [{ area: ringOf(draft.area), ...window }], depart_at: window.since };
}

/** @returns {Used | null} */
function used(/** @type {Record<string, any>} */ told, /** @type {Measure} */ measure, /** @type {string} */ after) {
  if (!told[`${measure}_port${after}`]) return null;
  return {
    port: { zh: told[`${measure}_port_zh${after}`], en: told[`${measure}_port_en${after}`] },
    hub: told[`${measure}_hub${after}`] ?? null, low: told[`${measure}_low_${UNITS[measure]}${after}`] };
}

/** The counties that use another port or first hub after the closure, by their codes. @returns {Changed[]} */
export function changedOf(/** @type {Choices} */ { areas }) {
  return areas.features.filter(({ properties: told }) => told.changed).map(({ geometry, properties: told }) => ({
    code: told.admin_code ?? '', name: { zh: told.name_zh, en: told.name_en }, geometry,
    changes: CHOICE_MEASURES.filter((measure) => told[`${measure}_changed`]).map((measure) => ({
      measure, from: used(told, measure, ''), to: used(told, measure, '_after') })),
  })).sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The middle of the corners of a geometry's longest ring, where its label stands. @returns {[number, number]} */
export function middleOf(/** @type {any} */ geometry) {
  const { type, coordinates } = geometry;
  const rings = type === 'MultiPolygon' ? coordinates.map((/** @type {any} */ part) => part[0]) : [coordinates[0]];
  const ring = type === 'Point' ? [coordinates] : rings.reduce((/** @type {any} */ a, /** @type {any} */ b) =>
    (b.length > a.length ? b : a));
  const mean = (/** @type {0 | 1} */ axis) =>
    ring.reduce((/** @type {number} */ sum, /** @type {any} */ at) => sum + at[axis], 0) / ring.length;
  return [mean(0), mean(1)];
}

/** All corners of a geometry. @returns {[number, number][]} */
export function cornersOf(/** @type {any} */ geometry) {
  const flat = (/** @type {any} */ part) => (typeof part[0] === 'number' ? [part] : part.flatMap(flat));
  return geometry ? flat(geometry.coordinates) : [];
}
