// @ts-check
/** Depth and clearance along a way at the time of its departure, for the vessel's size. */
import { html, svg } from 'lit';
import { number, t } from '../../core/i18n.js';
import { stepsOf, topOf, vesselOf } from '../../core/voyage.js';
import { voyageStore } from '../../model/voyage.js';

/** @typedef {import('../../core/types.js').VoyageProperties} VoyageProperties */

const [WIDTH, HEIGHT, MIDDLE] = [276, 172, 84];
const INSET = { left: 26, right: 4, top: 12, bottom: 14 };
/** Sizes above these say that nothing limits. */
const MOST = { air_draught_m: 30, draught_m: 15 };

/**
 * One half: the sizes that are sure as a filled step, those that may do as its dashed edge, unknown hatched.
 *
 * @param {ReturnType<typeof stepsOf>} steps @param {(m: number) => number} x @param {(v: number) => number} y
 * @param {number} base @param {number} top
 */
function half(steps, x, y, base, top) {
  return steps.map(({ from, to, sure, may }) => {
    const [left, width] = [x(from), Math.max(0.5, x(to) - x(from))];
    const edge = y(Math.min(sure ?? top, top));
    const most = y(Math.min(may ?? top, top));
    const box = (/** @type {number} */ a, /** @type {number} */ b) => ({ y: Math.min(a, b), height: Math.abs(b - a) });
    const known = box(base, edge);
    const open = box(edge, most);
    return svg`<rect class=${sure === null ? 'free' : 'sure'} x=${left} width=${width} y=${known.y}
      height=${known.height}></rect>
      ${open.height > 0.5
        ? svg`<rect class="perhaps" x=${left} width=${width} y=${open.y} height=${open.height}></rect>` : ''}`;
  });
}

function line(/** @type {number | undefined} */ size, /** @type {(v: number) => number} */ y,
  /** @type {string} */ name) {
  if (!size) return '';
  return svg`<line class="vessel" x1=${INSET.left} x2=${WIDTH - INSET.right} y1=${y(size)} y2=${y(size)}></line>
    <text x=${WIDTH - INSET.right} y=${y(size) - 3} text-anchor="end">${name} ${number(size, 2)} m</text>`;
}

/** The chart of a way: what may be above the water, and below it. */
export function profile(/** @type {VoyageProperties} */ { profile_along: along }) {
  if (!along?.length) return '';
  const vessel = vesselOf(voyageStore.draft.value);
  const [air, deep] = [stepsOf(along, 'air_draught_m'), stepsOf(along, 'draught_m')];
  const told = (/** @type {typeof air} */ steps) => steps.flatMap(({ sure, may }) => [sure, may]);
  const high = topOf([...told(air), vessel.air_draught_m ?? null], MOST.air_draught_m);
  const low = topOf([...told(deep), vessel.draught_m ?? null], MOST.draught_m);
  const length = along[along.length - 1].to_m;
  const x = (/** @type {number} */ m) => INSET.left + (m / length) * (WIDTH - INSET.left - INSET.right);
  const up = (/** @type {number} */ v) => MIDDLE - (v / high) * (MIDDLE - INSET.top);
  const down = (/** @type {number} */ v) => MIDDLE + (v / low) * (HEIGHT - INSET.bottom - MIDDLE);
  const tick = (/** @type {number} */ y, /** @type {string} */ text) =>
    svg`<text x=${INSET.left - 3} y=${y + 3} text-anchor="end">${text}</text>`;
  const least = (/** @type {typeof air} */ steps) => {
    if (steps.some(({ sure, may }) => sure === 0 && may !== 0)) return '?';
    const known = /** @type {number[]} */ (steps.map(({ sure }) => sure).filter((sure) => sure !== null));
    return known.length ? number(Math.min(...known), 2) : '–';
  };
  const label = t('water.profile_label', { air: least(air), depth: least(deep) });
  return html`<figure class="water-profile" data-testid="water-profile"><figcaption>${t('water.profile')}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>
      <defs><pattern id="water-unknown" width="5" height="5" patternUnits="userSpaceOnUse">
        <path d="M0 5 5 0" class="hatch"></path></pattern></defs>
      ${half(air, x, up, MIDDLE, high)}${half(deep, x, down, MIDDLE, low)}
      <line class="water-line" x1=${INSET.left} x2=${WIDTH - INSET.right} y1=${MIDDLE} y2=${MIDDLE}></line>
      ${line(vessel.air_draught_m, up, t('water.air_short'))}${line(vessel.draught_m, down, t('water.draught_short'))}
      ${tick(INSET.top, `${high} m`)}${tick(MIDDLE, '0')}${tick(HEIGHT - INSET.bottom, `${low} m`)}
      <text x=${WIDTH - INSET.right} y=${HEIGHT - 3} text-anchor="end">${number(length / 1000, 1)} km</text>
    </svg><p class="hint">${label}</p></figure>`;
}
