// @ts-check
/** What the search asks for and tells of an answer, without the page around it. */

/** @typedef {import('./types.js').SearchResult} Result */

/** The middle of the map as the search takes it, to about 100 m. @param {import('./hash.js').Camera | null} camera */
export const nearOf = (camera) => (camera ? `${camera.lng.toFixed(3)},${camera.lat.toFixed(3)}` : undefined);

/** Whether an answer is a place without a row of its own: the map marks it with a pin. */
export const isPlace = (/** @type {Result} */ { action }) =>
  ['stake', 'span', 'coordinate', 'cell'].includes(action);

/**
 * The unit that an answer lies in, and how far it is from the middle of the map; what is not known is left out.
 *
 * @param {Result} result
 * @param {(text: any) => string} pick text of the page's language
 * @param {(metres: number) => string} distance
 */
export const whereOf = ({ area, distance_m: far }, pick, distance) =>
  [area ? pick(area) : '', far == null ? '' : distance(far)].filter(Boolean).join(' · ');

/** The place that the mark moves to by a step; it goes round, and back from none to the last. */
export const stepTo = (/** @type {number} */ active, /** @type {number} */ step, /** @type {number} */ count) =>
  active < 0 && step < 0 ? count - 1 : (active + step + count) % count;
