// @ts-check
/** <sg-inbox>: plans that wait for an officer, by filing clock; by keys j, k, Enter, a and x. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { now } from '../../core/clock.js';
import { duration, maybe, moment, number, t } from '../../core/i18n.js';
import { approvalStore, decide, loadInbox, lostTo, openRow } from '../../model/approvals.js';
import { loadRules, ruleStore } from '../../model/rules.js';
import { mayDecide, sessionStore } from '../../model/session.js';
import { busy, failure, icon, lawTitle, legalText } from '../widgets.js';
import { zoneCard } from './answer.js';
import { conflictRow, showVolumes } from './flight.js';
import { verdictMark } from './marks.js';

/** @typedef {import('../../core/types.js').FlightPlan} FlightPlan */

const SOON_MS = 3_600_000;
/** Characters of a legal text that an option shows. */
const SHORT = 40;

/** The legal texts that a decision can name: those of the zones that speak, then the rules of the air. */
function grounds(/** @type {FlightPlan} */ plan) {
  /** @type {Map<string, { key: string, source: string }>} */
  const found = new Map();
  const speaking = plan.verdict?.zones ?? [];
  const zones = speaking.map((zone) => ({ key: zone.rule ?? '', text: zone.legal_text, source: '' }));
  const rules = ruleStore.citable.value.map((rule) => (
    { key: `${rule.key}@${rule.in_force}`, text: rule.legal_text, source: rule.source }));
  for (const { key, text, source } of [...zones, ...rules]) {
    if (text && !found.get(text)?.source) found.set(text, { key, source });
  }
  return [...found].map(([text, { key, source }]) => ({ text, key, source }));
}

/** How long is left to decide; a clock that has run out says so in words. */
function clockOf(/** @type {FlightPlan} */ plan) {
  const by = plan.decide_by ?? plan.time_start;
  const left = Date.parse(by) - now();
  const text = left < 0 ? t('inbox.over') : t('inbox.left', { left: duration(left / 1000) });
  return html`<span class="num ${left < SOON_MS ? 'warn' : 'muted'}">${left < SOON_MS
    ? html`<i aria-hidden="true">■</i> ` : ''}${text}</span>`;
}

const winner = (/** @type {FlightPlan} */ one) =>
  html`<p data-testid="decision-lost" data-by=${one.decided_by}>${lostTo(one)}</p>`;

class Inbox extends Part {
  static properties = { deciding: { state: true }, chosen: { state: true }, reason: { state: true } };

  constructor() {
    super();
    /** The decision whose form is open. @type {'approve' | 'deny' | null} */
    this.deciding = null;
    /** The legal text that is chosen. */
    this.chosen = '';
    this.reason = '';
    /** The plan that was in sight last. @type {string | null} */
    this.seen = null;
  }

  connectedCallback() {
    super.connectedCallback();
    loadRules();
    addEventListener('keydown', this.key);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('keydown', this.key);
  }

  render() {
    if (!mayDecide()) return html`<p class="muted" data-testid="inbox-closed">${t('inbox.closed')}</p>`;
    const rows = approvalStore.rows.value;
    const error = approvalStore.error.value;
    return html`<section class="air-part" data-testid="inbox" aria-label=${t('air.inbox')}>
      ${busy(!rows && !error)}
      ${error ? failure(error, loadInbox, 'inbox-retry') : ''}
      ${rows && !rows.length ? html`<p class="muted" data-testid="inbox-empty">${t('inbox.empty')}</p>` : ''}
      ${rows?.length ? html`<p class="hint">${t('inbox.keys', { count: number(rows.length) })}</p>` : ''}
      ${this.lost(rows ?? [])}
      <ol class="inbox">${repeat(rows ?? [], (plan) => plan.id, (plan) => this.row(plan))}</ol>
    </section>`;
  }

  updated() {
    const current = approvalStore.current.peek();
    if (current === this.seen) return;
    this.seen = current;
    this.deciding = null;
    const row = /** @type {HTMLElement | null} */ (this.querySelector('[aria-current=true] .inbox-row'));
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  row(/** @type {FlightPlan} */ plan) {
    const open = approvalStore.current.value === plan.id;
    const zones = plan.verdict?.zones?.length ?? 0;
    const facts = [
      plan.verdict ? t('inbox.zones', { count: zones }) : '',
      plan.conflicts?.length ? t('inbox.conflicts', { count: plan.conflicts.length }) : '',
      plan.rivals?.length ? t('inbox.rivals', { count: plan.rivals.length }) : '',
    ].filter(Boolean).join(' · ');
    return html`<li class="plan-row ${open ? 'current' : ''}" data-testid="waiting" data-id=${plan.id}
      aria-current=${open}>
      <button class="inbox-row" aria-expanded=${open} @click=${() => openRow(open ? null : plan.id)}>
        <b>${plan.title}</b>${clockOf(plan)}
        <span>${plan.verdict
          ? verdictMark(plan.verdict.verdict)
          : html`<span class="muted">${t('inbox.unjudged')}</span>`}</span>
        <span class="num muted">${moment(plan.time_start, true)}</span>
        ${facts ? html`<span class="facts ${plan.conflicts?.length ? 'bad' : 'muted'}">${plan.conflicts?.length
          ? html`<i aria-hidden="true">✕</i> ` : ''}${facts}</span>` : ''}
        ${plan.override_by ? html`<span class="warn facts"><i aria-hidden="true">■</i>
          ${t('inbox.proposed', { who: plan.override_by })}</span>` : ''}
      </button>
      ${open ? this.detail(plan) : ''}
    </li>`;
  }

  detail(/** @type {FlightPlan} */ plan) {
    const task = maybe(`task.${plan.task}`, plan.task);
    const rows = approvalStore.rows.value ?? [];
    const rivals = rows.filter(({ id }) => plan.rivals?.includes(id));
    return html`<div class="plan-detail" data-testid="waiting-detail">
      <p class="muted">${task} · ${plan.account_id} · ${t('air.priority', { priority: plan.priority })}</p>
      <p class="num">${moment(plan.time_start, true)} – ${moment(plan.time_end, true)}
        ${plan.decide_by ? html`<br />${t('air.decide_by', { time: moment(plan.decide_by, true) })}` : ''}</p>
      ${plan.conflicts?.length
        ? html`<h3 class="part">${t('air.overlap')}</h3><ol>${plan.conflicts.map(conflictRow)}</ol>` : ''}
      ${rivals.length ? html`<h3 class="part">${t('inbox.rivals_title')}</h3>
        <ul>${rivals.map((rival) => html`<li><button class="link"
          @click=${() => openRow(rival.id)}>${rival.title}</button></li>`)}</ul>` : ''}
      ${plan.verdict?.zones?.length ? html`<ul class="zones">${plan.verdict.zones.map(zoneCard)}</ul>` : ''}
      ${this.refusal(plan)}
      <div class="actions">
        <button data-testid="decide-approve" aria-expanded=${this.deciding === 'approve'}
          @click=${() => this.begin('approve')}>${icon('check')}${t('inbox.approve')}</button>
        <button class="danger" data-testid="decide-deny" aria-expanded=${this.deciding === 'deny'}
          @click=${() => this.begin('deny')}>${icon('close')}${t('inbox.deny')}</button>
        <button data-testid="waiting-show" @click=${() => showVolumes(plan.volumes)}>${t('inspect.zoom')}</button>
      </div>
      ${this.deciding ? this.form(plan, this.deciding) : ''}
    </div>`;
  }

  /** The form of a decision: its legal ground is chosen, never typed. */
  form(/** @type {FlightPlan} */ plan, /** @type {'approve' | 'deny'} */ decision) {
    const all = grounds(plan);
    const text = this.chosen || all[0]?.text || '';
    const source = all.find((one) => one.text === text)?.source ?? '';
    const send = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.send(plan, decision, text);
    };
    const who = sessionStore.account.value?.id;
    const needsOverride = decision === 'approve' && Boolean(plan.conflicts?.length);
    const mine = needsOverride && plan.override_by === who;
    const label = decision === 'deny' ? 'inbox.deny' : needsOverride
      ? (plan.override_by ? 'inbox.override_second' : 'inbox.override_first') : 'inbox.approve';
    return html`<form class="air-form" data-testid="decision-form" @submit=${send}>
      <label class="field"><span>${t('inbox.ground')}</span><select data-testid="decision-ground" name="legal_text"
        @change=${(/** @type {any} */ e) => (this.chosen = e.target.value)}>
        ${all.map((one) => html`<option value=${one.text} ?selected=${one.text === text}>${one.key
          } ${one.text.slice(0, SHORT)}…</option>`)}</select></label>
      <blockquote>${legalText(text)}${source ? html`<cite>${lawTitle(source)}</cite>` : ''}</blockquote>
      <label class="field"><span>${t('inbox.reason')}</span><input type="text" maxlength="500"
        data-testid="decision-reason" .value=${this.reason}
        @input=${(/** @type {any} */ e) => (this.reason = e.target.value)} /></label>
      ${needsOverride ? html`<p class="warn"><i aria-hidden="true">■</i> ${t(mine
        ? 'inbox.override_wait' : 'inbox.override_why')}</p>` : ''}
      <div class="actions"><button class=${decision === 'deny' || needsOverride ? 'danger' : 'primary'} type="submit"
        data-testid="decision-send" ?disabled=${!text || mine || approvalStore.working.value}>${t(label)}</button>
        <button type="button" @click=${() => (this.deciding = null)}>${t('app.cancel')}</button></div>
    </form>`;
  }

  /** Why the last decision on a plan was refused, and whose plan won. */
  refusal(/** @type {FlightPlan} */ plan) {
    const refused = approvalStore.refused.value;
    if (refused?.id !== plan.id) return '';
    return html`<div class="failure" role="alert" data-testid="decision-refused">${explain(refused.error)}
      ${refused.by.map(winner)}</div>`;
  }

  /** A plan that a colleague decided meanwhile has left the list: that is told above it. */
  lost(/** @type {FlightPlan[]} */ rows) {
    const refused = approvalStore.refused.value;
    if (!refused || rows.some(({ id }) => id === refused.id)) return '';
    return html`<div class="failure" role="alert" data-testid="decision-refused">
      ${refused.by.length ? '' : explain(refused.error)}
      ${refused.by.map(winner)}</div>`;
  }

  begin(/** @type {'approve' | 'deny'} */ decision) {
    this.deciding = this.deciding === decision ? null : decision;
    this.chosen = '';
    this.reason = '';
    this.updateComplete.then(() =>
      /** @type {HTMLElement | null} */ (this.querySelector('[data-testid=decision-ground]'))?.focus());
  }

  send(/** @type {FlightPlan} */ plan, /** @type {'approve' | 'deny'} */ decision, /** @type {string} */ text) {
    const override = decision === 'approve' && plan.conflicts?.length ? { override: true } : {};
    const reason = this.reason.trim() ? { reason: this.reason.trim() } : {};
    this.deciding = null;
    decide(plan, { decision, legal_text: text, ...override, ...reason });
  }

  /** Keys of the inbox, wherever the focus is; while something is typed they are letters. */
  key = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && this.deciding && this.contains(target)) {
      event.stopPropagation();
      this.deciding = null;
      return;
    }
    if (target.closest('input:not([type=checkbox]):not([type=radio]), select, textarea, dialog[open]')) return;
    const decision = /** @type {const} */ ({ a: 'approve', x: 'deny' })[event.key];
    if (!decision || !approvalStore.current.peek()) return;
    event.preventDefault();
    this.begin(decision);
  };
}

define('sg-inbox', Inbox);
