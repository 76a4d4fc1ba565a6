// @ts-check
/** Time and distance of the itinerary on show: flat at hubs, sloping on legs, gates where they close. */
import { html, svg } from 'lit';
import { clock, day, hoursMinutes, number, t } from '../../core/i18n.js';
import { axisOf, courseOf } from '../../core/linkage.js';
import { hoursWithin } from '../../core/lock.js';
import { modeColour } from '../../map/colours.js';
import { linkageStore } from '../../model/linkage.js';
import { shellStore } from '../../model/shell.js';
import { placeName } from './words.js';

/** @typedef {import('../../core/linkage.js').Itinerary} Itinerary */
/** @typedef {ReturnType<typeof courseOf>['legs'][number]} Part */

const [WIDTH, HEIGHT] = [536, 220];
const INSET = { left: 52, right: 16, top: 16, bottom: 30 };
const MOST_TICKS = 8;
const DAY_S = 86_400;

/** The hours along the bottom; a day's first one has its date. */
function hours(/** @type {number} */ since, /** @type {number} */ until, /** @type {(at: number) => number} */ x) {
  const ticks = hoursWithin([since / 1000, until / 1000], MOST_TICKS);
  const days = new Set();
  return ticks.map((tick) => {
    const date = day(tick * 1000).slice(5);
    const first = !days.has(date);
    days.add(date);
    return svg`<line class="grid" x1=${x(tick * 1000)} x2=${x(tick * 1000)} y1=${INSET.top}
      y2=${HEIGHT - INSET.bottom}></line><text x=${x(tick * 1000)} y=${HEIGHT - 17} text-anchor="middle">${
      clock(tick * 1000)}</text>${first ? svg`<text x=${x(tick * 1000)} y=${HEIGHT - 4} text-anchor="middle"
      class="date">${date}</text>` : ''}`;
  });
}

/** @param {Part} one @param {(at: number) => number} x @param {(km: number) => number} y */
function part(one, x, y) {
  const { leg, from, to, waits, closes } = one;
  const colour = modeColour(leg.mode, shellStore.theme.value);
  const [cx, cy] = [x(closes ?? 0), y(from.km)];
  const middle = [(x(from.at) + x(to.at)) / 2, (y(from.km) + y(to.km)) / 2];
  return svg`<line class="stays" x1=${x(waits.since)} x2=${x(waits.until)} y1=${cy} y2=${cy}></line>
    <line class="moves" style="--mode:${colour}" x1=${x(from.at)} y1=${cy} x2=${x(to.at)} y2=${y(to.km)}></line>
    <text class="of" x=${middle[0] + 6} y=${middle[1] + 12} style="--mode:${colour}">${
      t(`link.mode.${leg.mode}`)}</text>
    ${closes ? svg`<g class="closes"><path d="M${cx} ${cy - 9}V${cy + 9}"></path>
      <path d="M${cx - 4} ${cy - 9}h8l-4 5z" class="flag"></path></g>` : ''}`;
}

/** What the chart says, in words. */
function said(/** @type {Itinerary} */ one) {
  const told = courseOf(one, linkageStore.ready.value);
  return told.legs.map(({ leg, waits }) => t('link.course_leg', {
    mode: t(`link.mode.${leg.mode}`), waits: hoursMinutes((waits.until - waits.since) / 1000),
    rides: hoursMinutes((Date.parse(leg.arrives) - Date.parse(leg.departs)) / 1000),
    goal: placeName(leg.to_hub, 'goal'),
  })).join('; ');
}

/** The chart. */
export function course(/** @type {Itinerary} */ one) {
  const told = courseOf(one, linkageStore.ready.value);
  const lasts = Math.max(1, told.until - told.since);
  const axis = axisOf([told.km]);
  const x = (/** @type {number} */ at) =>
    INSET.left + ((at - told.since) / lasts) * (WIDTH - INSET.left - INSET.right);
  const y = (/** @type {number} */ km) =>
    HEIGHT - INSET.bottom - (km / axis.top) * (HEIGHT - INSET.top - INSET.bottom);
  const rests = told.rests;
  const words = said(one);
  return html`<h4>${t('link.course')}</h4><div class="wide" tabindex="0" role="region" aria-label=${t('link.course')}>
    <svg class="course" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${words} data-testid="link-course">
      ${lasts > 7 * DAY_S * 1000 ? '' : hours(told.since, told.until, x)}
      ${axis.ticks.map((tick) => svg`<line class="grid" x1=${INSET.left} x2=${WIDTH - INSET.right} y1=${y(tick)}
        y2=${y(tick)}></line><text x=${INSET.left - 5} y=${y(tick) + 4} text-anchor="end">${number(tick)}</text>`)}
      <text x="2" y="11">km</text>
      ${told.legs.map((leg) => part(leg, x, y))}
      ${rests.until > rests.since ? svg`<line class="stays" x1=${x(rests.since)} x2=${x(rests.until)} y1=${y(told.km)}
        y2=${y(told.km)}></line>` : ''}
    </svg></div><p class="hint">${words}. ${t('link.course_note')}</p>`;
}
