// @ts-check
/** The gate desk: trucks of a day and their slots, the queue as wished and as appointed, who has no slot and why. */
import { html } from 'lit';
import { clock, duration, number, pick, t } from '../../core/i18n.js';
import { trucksOf } from '../../core/gate.js';
import { chooseGate, gateStore, loadGate } from '../../model/gate.js';
import { linkageStore, setShipment } from '../../model/linkage.js';
import { badge, busy, failure } from '../widgets.js';
import { gateChart, slotSaid } from './gate_chart.js';
import { when } from './words.js';

/** @typedef {import('../../core/gate.js').GatePlan} GatePlan */
/** @typedef {import('../../core/gate.js').Truck} Truck */

/** Trucks without a slot that are listed. */
const LISTED = 100;

const value = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value.trim();
const named = (/** @type {{ name_zh: string | null, name_en: string | null }} */ one) =>
  pick({ zh: one.name_zh, en: one.name_en });
const chance = (/** @type {number} */ share) => `${number(share * 100, share < 0.1 ? 2 : 0)} %`;

function form() {
  const { terminals, terminal, days, day } = gateStore;
  return html`<label class="field"><span>${t('link.terminal')}</span><select
      data-testid="gate-terminal" @change=${(/** @type {Event} */ e) => chooseGate(value(e))}>${
      (terminals.value ?? []).map((one) => html`<option value=${one.id} ?selected=${one.id === terminal.value?.id}>${
        named(one)}</option>`)}</select></label>
    <div class="link-fields"><label class="field"><span>${t('link.day')}</span><select data-testid="gate-day"
      @change=${(/** @type {Event} */ e) => setShipment({ day: value(e) })}>${days.value.map((one) => html`<option
        value=${one.day} ?selected=${one.day === day.value}>${t('link.gate_day_option', {
        day: one.day, trucks: number(one.trucks) })}</option>`)}</select></label>
    <label class="field"><span>${t('link.gate_lanes')}</span><input class="num" type="number" min="1" max="60"
      data-testid="gate-lanes" placeholder=${t('link.gate_lanes_blank')} .value=${linkageStore.draft.value.lanes}
      @change=${(/** @type {Event} */ e) => setShipment({ lanes: value(e) })} /></label></div>`;
}

function sums(/** @type {GatePlan} */ plan) {
  const { appointments, refused } = plan;
  const shifted = appointments.filter(({ deviation_min: off }) => off > 0).length;
  return html`<h3 data-testid="gate-sums" data-appointed=${appointments.length} data-refused=${refused.length}>${
      t('link.gate_sums', { appointed: number(appointments.length),
        trucks: number(appointments.length + refused.length) })} ${badge(plan.origin)}</h3>
    <p data-testid="gate-risk">${t('link.gate_risk', { room: number(plan.queue_most), risk: chance(plan.risk),
      wished: chance(plan.risk_as_wished) })}</p>
    <p class="hint">${t('link.gate_proven', { shifted: number(shifted), deviation: duration(plan.deviation_min * 60),
      bound: duration(plan.bound_min * 60), most: number(plan.most_served) })}</p>`;
}

function truck(/** @type {Truck} */ one) {
  return html`<tr data-testid="gate-truck"><th scope="row">${one.id} ${badge(one.origin, { bare: true })}</th>
    <td class="num">${number(one.moves)}</td>
    <td class="num">${one.deviation_min ? t('link.gate_off', { time: duration(one.deviation_min * 60) })
      : t('link.gate_in_time')}</td></tr>`;
}

function ofSlot(/** @type {GatePlan} */ plan) {
  const begins = gateStore.slot.value;
  const one = plan.slots.find((slot) => slot.begins === begins);
  if (!one) return html`<p class="hint">${t('link.gate_choose')}</p>`;
  const trucks = trucksOf(plan, begins);
  const caption = t('link.gate_trucks', { from: clock(one.begins), trucks: trucks.length });
  return html`<h4>${caption}</h4><p data-testid="gate-slot-said">${slotSaid(one)}</p>
    ${trucks.length ? html`<div class="wide" tabindex="0" role="region" aria-label=${caption}><table><thead><tr>
      <th scope="col">${t('link.gate_truck')}</th><th scope="col">${t('link.gate_moves')}</th>
      <th scope="col">${t('link.gate_wish')}</th></tr></thead><tbody>${trucks.map(truck)}</tbody></table></div>` : ''}`;
}

/** Who has no slot: by cause the words for it, then each truck with its window. */
function refused(/** @type {GatePlan} */ plan) {
  const all = plan.refused;
  if (!all.length) return html`<p class="ok" data-testid="gate-all">${t('link.gate_all')}</p>`;
  const causes = [...new Map(all.map((one) => [one.cause, one.text]))];
  return html`<h4>${t('link.gate_refused', { trucks: number(all.length) })}</h4>
    <ul class="link-faults">${causes.map(([cause, text]) => html`<li class="link-fault" data-testid="gate-cause"
      data-cause=${cause}><b>${cause === 'closed' ? '■' : '▲'} ${t(`link.gate_cause.${cause}`)} ${
      number(all.filter((one) => one.cause === cause).length)}</b> ${pick(text)}</li>`)}</ul>
    ${plan.crowd ? html`<p class="bad">${when(plan.crowd.since)} – ${when(plan.crowd.until)}: ${
      pick(plan.crowd.text)}</p>` : ''}
    <div class="wide" tabindex="0" role="region" aria-label=${t('link.gate_refused', { trucks: number(all.length) })}>
      <table><thead><tr><th scope="col">${t('link.gate_truck')}</th><th scope="col">${t('link.gate_window')}</th>
      <th scope="col">${t('link.gate_moves')}</th><th scope="col">${t('link.gate_why')}</th></tr></thead>
      <tbody>${all.slice(0, LISTED).map((one) => html`<tr data-testid="gate-refused" data-cause=${one.cause}>
        <th scope="row">${one.id}</th><td class="num">${when(one.since)} – ${clock(one.until)}</td>
        <td class="num">${number(one.moves)}</td><td>${t(`link.gate_cause.${one.cause}`)}</td></tr>`)}</tbody>
      </table></div>
    ${all.length > LISTED ? html`<p class="hint">${t('link.gate_listed', { count: LISTED })}</p>` : ''}`;
}

/** The view of a gate. */
export function gate() {
  const { terminals, terminal, day, plan, error, working } = gateStore;
  if (terminals.value && !terminals.value.length) return html`<p class="muted">${t('link.no_terminals')}</p>`;
  const told = plan.value;
  return html`${terminals.value ? form() : ''}${busy(working.value)}
    ${error.value ? failure(error.value, loadGate, 'gate-retry') : ''}
    ${terminal.value && !day.value && !working.value && !error.value
      ? html`<p class="muted" data-testid="gate-none">${t('link.gate_none')}</p>` : ''}
    ${told ? html`${sums(told)}${gateChart(told)}${ofSlot(told)}${refused(told)}
      <p class="hint">${t('link.gate_note')}</p>` : ''}`;
}
