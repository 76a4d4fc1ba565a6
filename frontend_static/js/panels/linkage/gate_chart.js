// @ts-check
/** A day at a gate: load against quota by slot, and under it the queue that is expected against its room. */
import { html, svg } from 'lit';
import { clock, number, t } from '../../core/i18n.js';
import { busySlots } from '../../core/gate.js';
import { axisOf } from '../../core/linkage.js';
import { chooseSlot, gateStore } from '../../model/gate.js';

/** @typedef {import('../../core/gate.js').GatePlan} GatePlan */
/** @typedef {import('../../core/gate.js').Slot} Slot */
/** @typedef {ReturnType<typeof axisOf>} Axis */
/** @typedef {(value: number) => number} Scale */

const [WIDTH, LEFT, RIGHT] = [536, 34, 6];
/** Top and bottom of the two charts, and the height of all; px. */
const [LOAD, QUEUE, HEIGHT] = [[16, 136], [166, 276], 294];
/** Hours are named so far apart at least; px. */
const APART = 44;

/** What is said of a slot. */
export const slotSaid = (/** @type {Slot} */ one) => (one.lanes ? t('link.gate_slot', {
  at: clock(one.begins), trucks: one.trucks, load: number(one.load, 1), quota: number(one.quota, 1),
  wished: number(one.wished, 1), queue: number(one.queue, 1), queueWished: number(one.queue_wished, 1),
  lanes: one.lanes }) : t('link.gate_slot_shut', { at: clock(one.begins) }));

/** Arrow keys walk along the slots, Home and End to the first and last; Enter lists the trucks of one. */
function key(/** @type {KeyboardEvent} */ event) {
  const mark = /** @type {Element} */ (event.target).closest('[data-slot]');
  if (!mark) return;
  const all = [.../** @type {Element} */ (event.currentTarget).querySelectorAll('[data-slot]')];
  const at = all.indexOf(mark);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === 'Enter' || event.key === ' ') chooseSlot(mark.getAttribute('data-slot'));
  else if (next === undefined) return;
  else /** @type {SVGElement} */ (all[Math.min(all.length - 1, Math.max(0, next))]).focus();
  event.preventDefault();
}

/** Lines and figures of an axis, and above it what it tells. */
function grid(/** @type {Axis} */ axis, /** @type {Scale} */ y, /** @type {string} */ title,
  /** @type {number} */ top) {
  return svg`${axis.ticks.map((tick) => svg`<line class="grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${y(tick)}
      y2=${y(tick)}></line><text x=${LEFT - 4} y=${y(tick) + 4} text-anchor="end">${
      number(tick, axis.step < 1 ? 1 : 0)}</text>`)}
    <text x=${LEFT} y=${top - 5}>${title}</text>`;
}

/** A line of steps over the slots. */
const steps = (/** @type {Slot[]} */ slots, /** @type {'quota' | 'wished'} */ name, /** @type {Scale} */ x,
  /** @type {Scale} */ y) => slots.map((one, at) => `${at ? 'V' : `M${x(0)} `}${y(one[name])}H${x(at + 1)}`).join('');

/** A line through the ends of the slots. */
const course = (/** @type {Slot[]} */ slots, /** @type {'queue' | 'queue_wished'} */ name, /** @type {Scale} */ x,
  /** @type {Scale} */ y) => `M${x(0)} ${y(0)}${slots.map((one, at) => `L${x(at + 1)} ${y(one[name])}`).join('')}`;

function slot(/** @type {Slot} */ one, /** @type {number} */ at, /** @type {Scale} */ x, /** @type {number} */ first) {
  const on = gateStore.slot.value === one.begins;
  return svg`<rect class="slot ${on ? 'on' : ''} ${one.lanes ? '' : 'shut'}" role="button" data-testid="gate-slot"
    data-slot=${one.begins} tabindex=${at === first ? 0 : -1} aria-pressed=${on} aria-label=${slotSaid(one)} x=${x(at)}
    y=${LOAD[0]} width=${x(1) - x(0)} height=${QUEUE[1] - LOAD[0]}
    @click=${() => chooseSlot(on ? null : one.begins)}></rect>`;
}

/** The two charts, one above the other. */
export function gateChart(/** @type {GatePlan} */ plan) {
  const slots = busySlots(plan);
  if (!slots.length) return '';
  const loads = axisOf(slots.flatMap(({ load, quota, wished }) => [load, quota, wished]));
  const queues = axisOf([plan.queue_most, ...slots.flatMap((one) => [one.queue, one.queue_wished])]);
  const each = (WIDTH - LEFT - RIGHT) / slots.length;
  const x = (/** @type {number} */ at) => LEFT + at * each;
  const scale = (/** @type {number[]} */ [top, bottom], /** @type {Axis} */ axis) => (/** @type {number} */ value) =>
    bottom - (value / axis.top) * (bottom - top);
  const [up, down] = [scale(LOAD, loads), scale(QUEUE, queues)];
  const named = slots.flatMap(({ begins }, at) => (clock(begins).endsWith(':00') ? [{ begins, at }] : []));
  const every = Math.max(1, Math.ceil((APART * named.length) / (WIDTH - LEFT)));
  const first = Math.max(0, slots.findIndex(({ begins }) => begins === gateStore.slot.value));
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.gate_day')}><svg class="gate"
      viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label=${t('link.gate_label')} data-testid="gate-chart"
      @keydown=${key}>
    ${grid(loads, up, t('link.gate_load'), LOAD[0])}${grid(queues, down, t('link.gate_queue'), QUEUE[0])}
    ${named.filter((_, at) => at % every === 0).map(({ begins, at }) => svg`<text x=${x(at)} y=${HEIGHT - 4}
      text-anchor="middle">${clock(begins)}</text>`)}
    ${slots.map((one, at) => svg`<rect class="load" x=${x(at) + 1} width=${Math.max(1, each - 2)} y=${up(one.load)}
      height=${LOAD[1] - up(one.load)}></rect>`)}
    <path class="quota" d=${steps(slots, 'quota', x, up)}></path>
    <path class="wished" d=${steps(slots, 'wished', x, up)}></path>
    <path class="wished" d=${course(slots, 'queue_wished', x, down)}></path>
    <path class="queue" d=${course(slots, 'queue', x, down)}></path>
    <line class="room" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${down(plan.queue_most)} y2=${down(plan.queue_most)}></line>
    <text class="room" x=${WIDTH - RIGHT} y=${down(plan.queue_most) - 4} text-anchor="end">${
      t('link.gate_room', { trucks: number(plan.queue_most) })}</text>
    ${slots.map((one, at) => slot(one, at, x, first))}</svg></div>
    <p class="hint">${t('link.gate_legend')}</p>`;
}
