// @ts-check
/** <sg-flight>: plan a flight: draw, ask, file; what refuses it, and what would stand instead. */
import { html } from 'lit';
import { AIRCRAFT, SHAPES, TASKS, footprintOf } from '../../core/air.js';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { distance, duration, maybe, moment, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { busy, icon } from '../widgets.js';
import {
  check, file, flightStore, newFlight, overlap, pointAtAlternative, setFlight, wrongField,
} from '../../model/flight.js';
import { mayDecide, sessionStore } from '../../model/session.js';
import './answer.js';
import './cells.js';
import { choiceField, focusWrong, formFailure, heightFields, placeFields, textField } from './draft_fields.js';
import { verdictMark } from './marks.js';

/** @typedef {import('../../core/types.js').AirConflict} AirConflict */
/** @typedef {import('../../core/types.js').FlightPlan} FlightPlan */
/** @typedef {import('../../core/types.js').Shift} Shift */

const MINUTES = [15, 30, 60, 120];
/** Verdicts with which an officer may accept a plan at once. */
const ACCEPTABLE = new Set(['suitable', 'needs_confirmation', 'needs_approval']);

/** Show volumes on the map. */
export function showVolumes(/** @type {any[]} */ volumes) {
  const box = volumes.length
    ? extent({ type: 'GeometryCollection', geometries: volumes.map(footprintOf) }) : null;
  if (box) showExtent(box, 15);
}

/** A plan that is in the way, numbered as on the map; who flies it is not told. */
export const conflictRow = (/** @type {AirConflict} */ one, /** @type {number} */ at) => html`<li
  data-testid="conflict" data-id=${one.id}><button class="link conflict" @click=${() => showVolumes(one.volumes ?? [])}>
    <span class="tag">${at + 1}</span> ${maybe(`plan.${one.state}`, one.state)} …${one.id.slice(-6)}
    <span class="num muted">${moment(one.time_start, true)} – ${moment(one.time_end, true)}
      · ${t('air.priority', { priority: one.priority })}</span></button></li>`;

/** Say by how much an alternative shifts the plan. */
export function shiftText(/** @type {Shift} */ { by, shift_s: later = 0, shift_m: metres = 0, bearing_deg: bearing }) {
  if (by === 'time') return t('air.later', { by: duration(Math.max(60, later)) });
  if (by === 'height') return t('air.higher', { by: distance(metres) });
  return t('air.aside', { by: distance(metres), bearing: bearing ?? 0 });
}

class Flight extends Part {
  constructor() {
    super();
    /** What was told last. @type {unknown} */
    this.told = null;
    /** @type {unknown} */
    this.filed = null;
  }

  render() {
    const { draft, working, plan } = flightStore;
    const form = {
      goal: /** @type {const} */ ('flight'), draft: draft.value, set: setFlight, wrong: wrongField(),
      error: flightStore.error.value,
    };
    return html`<section class="air-part" data-testid="flight">
      ${plan.value ? this.plan(plan.value) : ''}
      <form class="air-form" data-testid="flight-form" aria-label=${t('air.flight')} @submit=${this.ask}>
        ${placeFields(form, SHAPES)}
        ${heightFields(form)}
        ${textField(form, 'from', t('air.as_asked'), 16)}
        ${textField(form, 'minutes', '30', 6)}
        <div class="chips">${MINUTES.map((minutes) => html`<button type="button" class="small"
          @click=${() => setFlight({ minutes: String(minutes) })}>${minutes} min</button>`)}</div>
        ${choiceField(form, 'aircraft', AIRCRAFT, (one) => t(/** @type {any} */ (`aircraft.${one}`)))}
        ${choiceField(form, 'task', TASKS, (one) => t(/** @type {any} */ (`task.${one}`)))}
        ${draft.value.task === 'facility_owner' || draft.value.facility ? textField(form, 'facility', '', 80) : ''}
        ${textField(form, 'title', t('air.title_hint'))}
        ${overlap() ? '' : formFailure(form)}
        <div class="actions">
          <button class="primary" type="submit" data-testid="flight-check"
            ?disabled=${Boolean(working.value)}>${icon('check')}${t('air.check')}</button>
          <button type="button" data-testid="flight-new" @click=${newFlight}>${t('air.anew')}</button>
        </div>
      </form>
      <sg-cells></sg-cells>
      ${busy(Boolean(working.value))}
      ${this.overlapping()}
      <sg-answer></sg-answer>
      ${this.filing()}
    </section>`;
  }

  updated() {
    const error = flightStore.error.peek();
    const plan = flightStore.plan.peek();
    if (error && error !== this.told) this.tell();
    else if (plan && plan !== this.filed) this.querySelector('.plan-card')?.scrollIntoView({ block: 'nearest' });
    this.told = error;
    this.filed = plan;
  }

  /** Bring what was refused into sight: the field, or the plans that are in the way, and these on the map. */
  tell() {
    focusWrong(this);
    this.querySelector('.overlap')?.scrollIntoView({ block: 'nearest' });
    showVolumes(overlap()?.conflicts.flatMap(({ volumes }) => volumes ?? []) ?? []);
  }

  ask(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    check();
  }

  /** File the plan: everybody's waits for an officer; an officer may accept one at once. */
  filing() {
    const answer = flightStore.answer.value;
    if (!answer) return '';
    if (!sessionStore.account.value) return html`<p class="hint" data-testid="file-sign-in">${t('air.sign_in')}</p>`;
    const draft = flightStore.draft.value;
    const sized = draft.shape === 'area' || Number(draft.size) > 0;
    const why = !answer.heights.W84 ? t('air.no_w84') : !sized ? t('air.no_size') : '';
    const off = Boolean(flightStore.working.value) || Boolean(why);
    const atOnce = mayDecide() && ACCEPTABLE.has(answer.verdict);
    return html`<div class="actions">
        <button data-testid="flight-file" ?disabled=${off} @click=${() => file('Filed')}>${t('air.file')}</button>
        ${atOnce ? html`<button data-testid="flight-accept" ?disabled=${off}
          @click=${() => file('Accepted')}>${t('air.accept')}</button>` : ''}</div>
      ${why ? html`<p class="warn">${why}</p>` : ''}`;
  }

  /** What refuses the plan, and what would stand instead, each one click away. */
  overlapping() {
    const refused = overlap();
    if (!refused) return '';
    return html`<section class="overlap" role="alert" data-testid="overlap" aria-label=${t('air.overlap')}>
      <h3>${icon('barrier')} ${t('air.overlap')}</h3>
      <ol>${refused.conflicts.map(conflictRow)}</ol>
      <h3 class="part">${t('air.instead')}</h3>
      ${refused.alternatives.length ? '' : html`<p class="muted">${t('air.instead_none')}</p>`}
      <div class="takes">${refused.alternatives.map((one, at) => this.shift(one, at))}</div>
    </section>`;
  }

  shift(/** @type {Shift} */ shift, /** @type {number} */ at) {
    const point = () => pointAtAlternative(at);
    const leave = () => pointAtAlternative(null);
    const state = flightStore.filingAs.value;
    const off = Boolean(flightStore.working.value);
    return html`<button class="take" data-testid="shift" data-by=${shift.by} ?disabled=${off}
      @mouseenter=${point} @mouseleave=${leave} @focus=${point} @blur=${leave}
      @click=${() => file(state, shift.volumes)}>${icon('chevron')}${shiftText(shift)}</button>`;
  }

  /** The plan that was filed. */
  plan(/** @type {FlightPlan} */ plan) {
    const close = () => newFlight();
    return html`<article class="plan-card" data-testid="plan" data-id=${plan.id} data-state=${plan.state}
      aria-label=${plan.title}>
      <header><h3>${plan.title}</h3><button class="plain" data-testid="plan-close" aria-label=${t('app.close')}
        @click=${close}>${icon('close')}</button></header>
      <p><span class="state ${plan.state}">${maybe(`plan.${plan.state}`, plan.state)}</span>
        ${plan.verdict ? verdictMark(plan.verdict.verdict) : ''}</p>
      <p class="num">${moment(plan.time_start, true)} – ${moment(plan.time_end, true)}</p>
      ${plan.decide_by && plan.state === 'Filed'
        ? html`<p class="num">${t('air.decide_by', { time: moment(plan.decide_by, true) })}</p>` : ''}
      ${plan.decided_by
        ? html`<p>${t(/** @type {any} */ (`air.${plan.decision}_by`), { who: plan.decided_by,
          time: moment(plan.decided_at ?? '', true) })}</p><blockquote>${plan.legal_text}</blockquote>` : ''}
      ${plan.conflicts?.length ? html`<ol>${plan.conflicts.map(conflictRow)}</ol>` : ''}
      <p class="muted"><code>${plan.id}</code></p>
      <div class="actions"><button data-testid="plan-show"
        @click=${() => showVolumes(plan.volumes)}>${t('inspect.zoom')}</button></div>
    </article>`;
  }
}

define('sg-flight', Flight);
