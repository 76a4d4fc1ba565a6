// @ts-check
/** The front as a scatter over two measures: cards are filled, whiskers are intervals, arrows unknown upper ends. */
import { html, svg } from 'lit';
import { number, t } from '../../core/i18n.js';
import { MEASURES, frontOf, measured } from '../../core/linkage.js';
import { modeColour } from '../../map/colours.js';
import { chooseItinerary, linkageStore, pointAtItinerary, setShipment } from '../../model/linkage.js';
import { shellStore } from '../../model/shell.js';
import { co2, cost } from './words.js';

/** @typedef {import('../../core/linkage.js').Answer} Answer */
/** @typedef {import('../../core/linkage.js').Itinerary} Itinerary */
/** @typedef {import('../../core/linkage.js').Measure} Measure */
/** @typedef {{ one: Itinerary, x: import('../../core/linkage.js').Interval,
 *   y: import('../../core/linkage.js').Interval }} Point */

const [WIDTH, HEIGHT] = [536, 260];
const INSET = { left: 56, right: 14, top: 12, bottom: 34 };

/** What the chart's reader hears of a point. */
function label(/** @type {Itinerary} */ one, /** @type {Answer} */ answer) {
  const place = answer.cards.indexOf(one.id);
  const modes = one.legs.map((leg) => t(`link.mode.${leg.mode}`)).join(' → ');
  const hours = number(measured(one, 'hours', linkageStore.ready.value).low, 1);
  return `${place < 0 ? '' : `${t('link.card', { place: place + 1 })}: `}${modes}, ${
    t('link.hours_value', { hours })}, ${cost(one.cost_cny)}, CO₂e ${co2(one.co2_kg)}`;
}

/** One axis of choice. */
function choice(/** @type {'x' | 'y'} */ side) {
  const now = linkageStore.draft.value[side];
  return html`<label class="field"><span>${t(`link.axis_${side}`)}</span><select data-testid="link-axis-${side}"
    @change=${(/** @type {any} */ e) => setShipment({ [side]: e.target.value })}>${MEASURES.map((name) =>
    html`<option value=${name} ?selected=${name === now}>${t(`link.measure.${name}`)}</option>`)}</select></label>`;
}

/** Arrow keys walk through the points from left to right; Enter shows one. */
function key(/** @type {KeyboardEvent} */ event) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  const mark = /** @type {Element} */ (event.target).closest('[data-point]');
  if (!mark) return;
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    chooseItinerary(Number(mark.getAttribute('data-point')));
  }
  if (!step) return;
  event.preventDefault();
  const all = [.../** @type {Element} */ (event.currentTarget).querySelectorAll('[data-point]')];
  const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(mark) + step))];
  /** @type {SVGElement} */ (next).focus();
}

const point = (/** @type {number | null} */ id) => () => pointAtItinerary(id);

/** @typedef {{ x: (value: number) => number, y: (value: number) => number }} Scale */

/** A whisker along one side; one without an end goes to the edge and has an arrow. */
function whiskers(/** @type {Point} */ { x, y }, /** @type {Scale} */ at) {
  const [left, low] = [at.x(x.low), at.y(y.low)];
  const right = x.high === null ? WIDTH - INSET.right : at.x(x.high);
  const high = y.high === null ? INSET.top : at.y(y.high);
  return svg`<path class="whisker" d="M${left} ${low}H${right}M${left} ${low}V${high}"></path>
    ${x.high === null ? svg`<path class="whisker" d="M${right - 5} ${low - 4} ${right} ${low}l-5 4"></path>` : ''}
    ${y.high === null ? svg`<path class="whisker" d="M${left - 4} ${high + 5} ${left} ${high}l4 5"></path>` : ''}`;
}

function mark(/** @type {Point} */ found, /** @type {Scale} */ at, /** @type {Answer} */ answer,
  /** @type {number} */ first) {
  const { one } = found;
  const place = answer.cards.indexOf(one.id);
  const on = linkageStore.chosen.value === one.id;
  const [x, y] = [at.x(found.x.low), at.y(found.y.low)];
  const longest = one.legs.reduce((a, b) => (b.km > a.km ? b : a));
  const colour = modeColour(longest.mode, shellStore.theme.value);
  return svg`<g class="point ${place < 0 ? '' : 'card'} ${on ? 'on' : ''}" role="button" data-point=${one.id}
      tabindex=${one.id === first ? 0 : -1} aria-label=${label(one, answer)} aria-pressed=${on} style="--mode:${colour}"
      @click=${() => chooseItinerary(one.id)} @mouseenter=${point(one.id)} @mouseleave=${point(null)}
      @focus=${point(one.id)} @blur=${point(null)}>
    ${whiskers(found, at)}
    ${on ? svg`<circle class="ring" cx=${x} cy=${y} r="12"></circle>` : ''}
    <circle class="dot" cx=${x} cy=${y} r=${place < 0 ? 4 : 8}></circle>
    ${place < 0 ? '' : svg`<text x=${x} y=${y + 4} text-anchor="middle" class="place">${place + 1}</text>`}</g>`;
}

/** The chart of the whole front. */
export function pareto(/** @type {Answer} */ answer) {
  if (!answer.itineraries.length) return '';
  const { x: across, y: up } = linkageStore.draft.value;
  const all = frontOf(answer.itineraries, /** @type {Measure} */ (across), /** @type {Measure} */ (up),
    linkageStore.ready.value);
  const at = {
    x: (/** @type {number} */ value) => INSET.left + (value / all.x.top) * (WIDTH - INSET.left - INSET.right),
    y: (/** @type {number} */ value) => HEIGHT - INSET.bottom - (value / all.y.top) *
      (HEIGHT - INSET.top - INSET.bottom),
  };
  const points = [...all.points].sort((a, b) => a.x.low - b.x.low || a.y.low - b.y.low);
  const first = points.find(({ one }) => one.id === linkageStore.chosen.value)?.one.id ?? points[0].one.id;
  const told = answer.itineraries.find(({ id }) => id === (linkageStore.pointed.value ?? linkageStore.chosen.value));
  const digits = (/** @type {number} */ step) => (step < 1 ? 1 : 0);
  const name = t('link.front', { count: answer.itineraries.length });
  return html`<h4>${name}</h4><div class="link-axes">${choice('x')}${choice('y')}</div>
    <div class="wide" tabindex="0" role="region" aria-label=${name}><svg class="pareto" viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="group" aria-label=${t('link.front_label')} data-testid="link-pareto" @keydown=${key}>
      ${all.x.ticks.map((tick) => svg`<line class="grid" x1=${at.x(tick)} x2=${at.x(tick)} y1=${INSET.top}
        y2=${HEIGHT - INSET.bottom}></line><text x=${at.x(tick)} y=${HEIGHT - 20} text-anchor="middle">${
        number(tick, digits(all.x.step))}</text>`)}
      ${all.y.ticks.map((tick) => svg`<line class="grid" x1=${INSET.left} x2=${WIDTH - INSET.right} y1=${at.y(tick)}
        y2=${at.y(tick)}></line><text x=${INSET.left - 5} y=${at.y(tick) + 4} text-anchor="end">${
        number(tick, digits(all.y.step))}</text>`)}
      <text x=${WIDTH - INSET.right} y=${HEIGHT - 4} text-anchor="end">${
        t(/** @type {any} */ (`link.measure.${across}`))} →</text>
      <text x="2" y=${HEIGHT - 4}>↑ ${t(/** @type {any} */ (`link.measure.${up}`))}</text>
      ${points.map((one) => mark(one, at, answer, first))}</svg></div>
    <p class="hint" data-testid="link-pointed">${told ? label(told, answer) : ''}</p>`;
}
