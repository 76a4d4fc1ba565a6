// @ts-check
/** The chart of a section through the air: heights above the sea along a line. */
import { svg } from 'lit';
import { number, t } from '../../core/i18n.js';
import { HATCHES, legendColour } from '../../map/blocks.js';
import { suitableTop } from '../../model/section.js';
import { shellStore } from '../../model/shell.js';
import { limitText } from './height_text.js';

/** @typedef {import('../../core/types.js').SkySection} SkySection */
/** @typedef {import('../../core/types.js').SkyStretch} SkyStretch */
/** @typedef {{ x: (n: number) => number, y: (m: number) => number, most: number, length: number }} Frame */

export const [WIDTH, HEIGHT] = [720, 200];
const INSET = { left: 52, right: 14, top: 14, bottom: 34 };
/** The chart shows so much above the highest ground (m), where low flight is; what is higher is cut off. */
const [LEAST_M, MOST_M] = [450, 900];
const TICKS = 5;
/** From this width on (chart units) a zone's limits are written into it. */
const WIDE = 120;
const STRIP = 11;
const LINES = /** @type {Record<string, string>} */ ({
  hatch: 'M0 8 8 0', 'hatch-back': 'M0 0 8 8', 'hatch-cross': 'M0 8 8 0M0 0 8 8', 'hatch-flat': 'M0 4h8',
});

/** Round marks from 0 up to a number, 1, 2 or 5 times a power of ten apart. */
function steps(/** @type {number} */ most) {
  const raw = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((times) => times * power >= raw) ?? 10);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, n) => n * step);
}

/** Runs of places where something holds. @returns {[number, number][]} */
function runs(/** @type {boolean[]} */ holds) {
  /** @type {[number, number][]} */
  const found = [];
  holds.forEach((is, n) => {
    if (is && holds[n - 1]) found[found.length - 1][1] = n;
    else if (is) found.push([n, n]);
  });
  return found;
}

const known = (/** @type {(number | null)[]} */ column) => column.map((one) => one !== null);
const colourOf = (/** @type {SkyStretch} */ zone) => legendColour(zone.layer, zone.class, shellStore.theme.value);
const patternOf = (/** @type {SkyStretch} */ zone) => (zone.layer === 'airspace' ? zone.class : zone.layer);

/** Where a section lies in the chart. @returns {Frame} */
function frameOf(/** @type {SkySection} */ { along_m: along, ground_m: ground, zones }) {
  const length = along[along.length - 1];
  const highest = Math.max(0, ...ground.map((one) => one ?? 0));
  const tops = zones.flatMap(({ top_m }) => top_m).map((one) => one ?? 0);
  const most = Math.min(highest + MOST_M, Math.max(highest + LEAST_M, ...tops) * 1.06);
  const [wide, high] = [WIDTH - INSET.left - INSET.right, HEIGHT - INSET.top - INSET.bottom];
  return {
    most,
    length,
    x: (n) => INSET.left + (along[n] / length) * wide,
    y: (m) => HEIGHT - INSET.bottom - (Math.max(0, Math.min(m, most)) / most) * high,
  };
}

function pattern(/** @type {string} */ id, /** @type {string} */ family, /** @type {string} */ colour) {
  const marks = family === 'dots'
    ? svg`<circle cx="4" cy="4" r="1.3" fill=${colour}></circle>`
    : svg`<path d=${LINES[family]} stroke=${colour} stroke-width="1.2"></path>`;
  return svg`<pattern id="cut-${id}" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8"
    fill=${colour} opacity="0.14"></rect>${marks}</pattern>`;
}

function patterns() {
  const theme = shellStore.theme.value;
  const classes = Object.entries(HATCHES).map(([id, family]) =>
    pattern(id, family, legendColour('airspace', id, theme)));
  const others = ['controlled_ground', 'airspace_restrictions'].map((id) =>
    pattern(id, 'hatch-cross', legendColour(id, '', theme)));
  return svg`<defs>${classes}${others}${pattern('unknown', 'hatch', 'var(--muted)')}</defs>`;
}

/** A zone between its floor and ceiling; where one is unknown, hatched over the whole height. */
function block(/** @type {SkyStretch} */ zone, /** @type {Frame} */ { x, y, most }) {
  const both = zone.floor_m.map((floor, n) => floor !== null && zone.top_m[n] !== null);
  const at = (/** @type {number} */ n) => x(zone.first + n);
  const corner = (/** @type {number} */ n, /** @type {(number | null)[]} */ column) => `${at(n)},${y(column[n] ?? 0)}`;
  const shapes = runs(both).map(([a, b]) => {
    const all = Array.from({ length: b - a + 1 }, (_, n) => a + n);
    const upper = all.map((n) => corner(n, zone.top_m));
    const lower = all.reverse().map((n) => corner(n, zone.floor_m));
    const dash = zone.uncertain ? '4 3' : 'none';
    return svg`<polygon points=${[...upper, ...lower].join(' ')} fill="url(#cut-${patternOf(zone)})"
      stroke=${colourOf(zone)} stroke-width="1.4" stroke-dasharray=${dash}></polygon>`;
  });
  const gaps = runs(both.map((is) => !is)).map(([a, b]) => svg`<rect x=${at(a)} y=${y(most)} fill="url(#cut-unknown)"
    width=${Math.max(1, at(b) - at(a))} height=${y(0) - y(most)} stroke=${colourOf(zone)}
    stroke-dasharray="2 3"></rect>`);
  return [shapes, gaps];
}

/** The letter of a zone, with its limits where there is room. */
function name(/** @type {SkyStretch} */ zone, /** @type {Frame} */ { x, y, most }) {
  const [from, to] = [x(zone.first), x(zone.last)];
  const whole = [...zone.top_m, ...zone.floor_m].every((one) => one !== null);
  const top = Math.min(most, ...zone.top_m.map((one) => one ?? most));
  const limits = `${limitText(zone.floor, 'floor')} – ${limitText(zone.ceiling, 'ceiling')}`;
  const short = `${whole ? '' : '? '}${zone.layer === 'airspace' ? zone.class : '▨'}`;
  return svg`<text class="cut-name" text-anchor="middle" x=${(from + to) / 2} y=${y(top) + 13}>${
    to - from > WIDE ? `${short} ${limits}` : short}</text>`;
}

/** Classes by height: the tops of their bands over the ground, with their letters. */
function bands(/** @type {SkySection} */ section, /** @type {Frame} */ { x, y, most }) {
  const metres = suitableTop(section);
  return section.bands.flatMap((band) => {
    const tops = band.top_m ?? [];
    const colour = legendColour('airspace', band.class, shellStore.theme.value);
    const suitable = band.class === 'W';
    const text = `${band.class}${suitable && metres !== null ? ` ${t('sky.suitable_line', { metres })}` : ''}`;
    return runs(tops.map((one) => one !== null && one < most)).map(([a, b]) => {
      const line = Array.from({ length: b - a + 1 }, (_, n) => `${x(a + n)},${y(Number(tops[a + n]))}`).join(' ');
      return svg`<polyline points=${line} fill="none" stroke=${colour} stroke-width=${suitable ? 2 : 1.2}
        stroke-dasharray=${suitable ? '7 3' : '2 3'}></polyline>
        <text class="cut-name" x=${x(a) + 4} y=${y(Number(tops[a])) - 3}>${text}</text>`;
    });
  });
}

/** The ground; unknown ground, and ground of which something is unknown, are hatched. */
function ground(/** @type {SkySection} */ section, /** @type {Frame} */ { x, y }) {
  const there = known(section.ground_m);
  const foot = y(0);
  const shapes = runs(there).map(([a, b]) => {
    const line = Array.from({ length: b - a + 1 }, (_, n) => `${x(a + n)},${y(Number(section.ground_m[a + n]))}`);
    return svg`<polygon class="cut-ground" points="${x(a)},${foot} ${line.join(' ')} ${x(b)},${foot}"></polygon>`;
  });
  const gap = (/** @type {[number, number]} */ [a, b], /** @type {number} */ top, /** @type {number} */ bottom) =>
    svg`<rect x=${x(a)} y=${top} width=${Math.max(1, x(b) - x(a))} height=${bottom - top}
      fill="url(#cut-unknown)"></rect><text class="cut-name" text-anchor="middle" x=${(x(a) + x(b)) / 2}
      y=${bottom - 2}>?</text>`;
  return [
    shapes,
    runs(there.map((is) => !is)).map((run) => gap(run, INSET.top, foot)),
    runs(section.unknown_categories.map((count) => count !== 0)).map((run) => gap(run, foot, foot + STRIP)),
  ];
}

function axes(/** @type {Frame} */ { y, most, length }) {
  const right = WIDTH - INSET.right;
  const x = (/** @type {number} */ km) => INSET.left + ((km * 1000) / length) * (right - INSET.left);
  const heights = steps(most).map((m) => svg`<line class="cut-grid" x1=${INSET.left} x2=${right} y1=${y(m)}
    y2=${y(m)}></line><text class="cut-tick" text-anchor="end" x=${INSET.left - 5} y=${y(m) + 3}>${number(m)}</text>`);
  const places = steps(length / 1000).map((km) => svg`<text class="cut-tick" text-anchor="middle" x=${x(km)}
    y=${HEIGHT - 9}>${number(km, 1)} km</text>`);
  return [heights, places, svg`<text class="cut-tick" x="4" y="10">m AMSL</text>`];
}

/** All of the chart, the axes lowest. */
export function sectionChart(/** @type {SkySection} */ section) {
  const frame = frameOf(section);
  return [
    patterns(), axes(frame), section.zones.map((zone) => block(zone, frame)), ground(section, frame),
    bands(section, frame), section.zones.map((zone) => name(zone, frame)),
  ];
}
