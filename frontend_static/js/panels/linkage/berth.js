// @ts-check
/** The berth desk: vessels as rectangles of length and time along the quay, who is late, who has no place. */
import { html, svg } from 'lit';
import { clock, day, duration, number, pick, t } from '../../core/i18n.js';
import { boxesOf, laidOut, spanOfPlan } from '../../core/berth.js';
import { hoursWithin } from '../../core/lock.js';
import { berthStore, chooseTerminal, loadBerths, pointAtCall } from '../../model/berth.js';
import { badge, busy, failure } from '../widgets.js';
import { when } from './words.js';

/** @typedef {import('../../core/berth.js').Plan} Plan */
/** @typedef {ReturnType<typeof boxesOf>[number]} Box */

const [WIDTH, TOP, LEFT, BOTTOM] = [536, 30, 40, 10];
/** Height of an hour, and of the whole at most; px. */
const [HOUR_PX, MOST_PX] = [10, 900];
const HOUR_MS = 3_600_000;
const TICKS = 14;

const named = (/** @type {{ name_zh: string | null, name_en: string | null }} */ one) =>
  pick({ zh: one.name_zh, en: one.name_en });
const vesselOf = (/** @type {{ vessel: string | null }} */ one) => one.vessel ?? t('link.unseen');

/** What is said of a vessel. */
function said(/** @type {Box} */ { lying }) {
  const late = lying.late_min ? `, ${t('link.late', { time: duration(lying.late_min * 60) })}` : '';
  return t('link.lies', {
    vessel: vesselOf(lying), berth: lying.berth, from: number(lying.from_m), to: number(lying.to_m),
    start: when(lying.start), leaves: when(lying.leaves), waits: duration(lying.waits_min * 60) }) + late;
}

/** One rectangle; the part after she is handled, in which she waits for water, is hatched. */
function box(/** @type {Box} */ one, /** @type {(m: number) => number} */ x, /** @type {(at: number) => number} */ y) {
  const { lying } = one;
  const [left, width] = [x(one.from), Math.max(3, x(one.to) - x(one.from) - 1)];
  const kind = `vessel ${lying.state} ${lying.late_min ? 'late' : ''} ${
    berthStore.call.value === lying.call ? 'on' : ''}`;
  return svg`<g class=${kind} data-call=${lying.call} @mouseenter=${() => pointAtCall(lying.call)}
      @mouseleave=${() => pointAtCall(null)}><title>${said(one)}</title>
    <rect x=${left} y=${y(one.start)} width=${width} height=${Math.max(2, y(one.handled) - y(one.start))}></rect>
    ${one.leaves > one.handled ? svg`<rect class="stays-on" x=${left} y=${y(one.handled)} width=${width}
      height=${y(one.leaves) - y(one.handled)}></rect>` : ''}
    <text x=${left + 3} y=${y(one.start) + 11}>${lying.late_min ? '▲ ' : ''}${
      vesselOf(lying).slice(0, Math.max(2, Math.floor(width / 8)))}</text></g>`;
}

/** Quay across, time down. */
function chart(/** @type {Plan} */ plan) {
  const boxes = boxesOf(plan);
  if (!boxes.length) return '';
  const { placed, length } = laidOut(plan.berths);
  const [since, until] = spanOfPlan(plan);
  const tall = Math.min(MOST_PX, Math.max(160, ((until - since) / HOUR_MS) * HOUR_PX));
  const x = (/** @type {number} */ m) => LEFT + (m / length) * (WIDTH - LEFT - 4);
  const y = (/** @type {number} */ at) => TOP + ((at - since) / (until - since)) * tall;
  const ticks = hoursWithin([since / 1000, until / 1000], TICKS).map((tick) => tick * 1000);
  const label = t('link.berths_label', { vessels: boxes.length, berths: placed.length });
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.berth_plan')}><svg class="berths"
      viewBox="0 0 ${WIDTH} ${TOP + tall + BOTTOM}" role="img" aria-label=${label} data-testid="berth-chart">
    <defs><pattern id="berth-stays" width="5" height="5" patternUnits="userSpaceOnUse">
      <path d="M0 5 5 0" class="hatch"></path></pattern></defs>
    ${plan.tides.map((tide) => svg`<rect class="tide" x=${LEFT} width=${WIDTH - LEFT - 4}
      y=${y(Math.max(since, Math.min(until, Date.parse(tide.since))))}
      height=${Math.max(0, y(Math.min(until, Date.parse(tide.until))) - y(Math.max(since, Date.parse(tide.since))))}
      ></rect>`)}
    ${ticks.map((tick) => svg`<line class="grid" x1=${LEFT} x2=${WIDTH - 4} y1=${y(tick)} y2=${y(tick)}></line>
      <text x="2" y=${y(tick) + 4}>${clock(tick) === '00:00' ? day(tick).slice(5) : clock(tick)}</text>`)}
    ${placed.map(({ berth, from, to }) => svg`<line class="edge" x1=${x(from)} x2=${x(from)} y1=${TOP - 12}
      y2=${TOP + tall}></line><line class="edge" x1=${x(to)} x2=${x(to)} y1=${TOP - 12} y2=${TOP + tall}></line>
      <text x=${(x(from) + x(to)) / 2} y="11" text-anchor="middle">${berth.key}</text>
      <text x=${(x(from) + x(to)) / 2} y="24" text-anchor="middle">${number(berth.length_m)} m</text>`)}
    ${boxes.map((one) => box(one, x, y))}</svg></div>`;
}

function row(/** @type {Box} */ { lying }) {
  return html`<tr data-testid="berth-vessel" data-state=${lying.state}
      class=${berthStore.call.value === lying.call ? 'held' : ''}>
    <th scope="row">${vesselOf(lying)} ${badge(lying.origin, { bare: true })}</th><td>${lying.berth}</td>
    <td class="num">${number(lying.from_m)}–${number(lying.to_m)} m</td>
    <td class="num">${when(lying.start)}<br />${when(lying.leaves)}</td>
    <td class="num">${lying.state === 'berthed' ? t('link.berthed') : duration(lying.waits_min * 60)}${lying.late_min
      ? html`<br /><span class="bad">▲ ${t('link.late', { time: duration(lying.late_min * 60) })}</span>`
      : ''}</td></tr>`;
}

function table(/** @type {Plan} */ plan) {
  const heads = /** @type {const} */ (
    ['link.vessel', 'link.berth', 'link.along', 'link.lies_from_to', 'link.waits_late']);
  const boxes = boxesOf(plan).sort((a, b) => a.start - b.start);
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.vessels')}><table>
    <thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
    <tbody>${boxes.map(row)}</tbody></table></div>`;
}

function told(/** @type {Plan} */ plan) {
  const proven = plan.bound === null ? t('link.plan_unproven') : t('link.plan_gap', {
    gap: number(plan.gap * 100, 1), first: number(plan.first_come), cost: number(plan.cost) });
  return html`<h3>${named(plan.terminal)} ${badge(plan.origin)}</h3>
    <p class="hint" data-testid="berth-proven">${t('link.plan_made', { at: when(plan.made_at) })} ${proven}</p>
    ${chart(plan)}
    ${plan.unplanned.length ? html`<ul class="link-faults" data-testid="berth-unplanned">${plan.unplanned.map((one) =>
      html`<li class="link-fault"><b>▲ ${vesselOf(one)}</b> ${pick(one)}</li>`)}</ul>` : ''}
    ${plan.features.length ? html`${table(plan)}<p class="hint">${t('link.berth_note')}</p>`
      : html`<p class="muted">${t('link.no_calls')}</p>`}`;
}

/** The view of berths. */
export function berths() {
  const { terminals, plan, error, working } = berthStore;
  const all = terminals.value ?? [];
  const id = plan.value?.terminal.id ?? '';
  return html`${all.length ? html`<label class="field"><span>${t('link.terminal')}</span><select
      data-testid="berth-terminal" @change=${(/** @type {any} */ e) => chooseTerminal(e.target.value)}>${
      all.map((one) =>
      html`<option value=${one.id} ?selected=${one.id === id}>${t('link.terminal_option', {
        name: named(one), berths: one.berths, calls: one.calls })}</option>`)}</select></label>` : ''}
    ${busy(working.value)}
    ${error.value ? failure(error.value, () => loadBerths(), 'berth-retry') : ''}
    ${terminals.value && !all.length ? html`<p class="muted">${t('link.no_terminals')}</p>` : ''}
    ${plan.value ? told(plan.value) : ''}`;
}
