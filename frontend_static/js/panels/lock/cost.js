// @ts-check
/** A vessel in hand: where it may go, and before anything is applied what that costs every other vessel. */
import { html } from 'lit';
import { clock, number, pick, t } from '../../core/i18n.js';
import { costOf, signedMinutes } from '../../core/lock.js';
import { aim, applyMove, drop, lockStore, rowsById, targets } from '../../model/lock.js';
import { busy, icon } from '../widgets.js';
import { vesselTitle } from './chamber.js';

/** @typedef {import('../../core/types.js').LockDetail} LockDetail */
/** @typedef {import('../../core/types.js').LockOption} LockOption */

/** Name a lockage that a vessel may go to. */
function nameOf(/** @type {LockDetail} */ lock, /** @type {LockOption} */ { to }) {
  const one = to === null ? null : lock.plan?.lockages[to];
  if (!one) return t('lock.own');
  const sign = one.way === 'up' ? '▲' : '▼';
  const words = [clock(one.start * 1000), t('lock.chamber', { chamber: one.chamber }), sign];
  return [...words, ...(one.ships.length ? [] : [t('lock.empty')])].join(' ');
}

function choice(/** @type {LockDetail} */ lock, /** @type {LockOption} */ option, /** @type {string} */ ship) {
  const { own, total } = costOf(option, ship);
  const said = option.allowed
    ? t('lock.mark', { own: signedMinutes(own), others: signedMinutes(total) })
    : `✕ ${pick(option.refusal?.text)}`;
  return html`<option value=${option.to ?? 'own'} ?selected=${lockStore.aimed.value?.to === option.to}>${
    nameOf(lock, option)}: ${said}</option>`;
}

/** What the move that is aimed at costs, vessel by vessel. */
function told(/** @type {LockDetail} */ lock, /** @type {LockOption} */ option, /** @type {string} */ ship) {
  const { text, detail, cause } = option.refusal ?? {};
  return html`${option.allowed ? '' : html`<div class="failure" data-testid="move-refused" data-cause=${cause ?? ''}>
      <span><i aria-hidden="true">✕</i> <b>${pick(text)}</b>: ${pick(detail)}</span></div>`}
    ${option.later ? effects(lock, option, ship) : ''}`;
}

/** What it would cost, allowed or not: each other vessel, the sum, published times that it breaks. */
function effects(/** @type {LockDetail} */ lock, /** @type {LockOption} */ option, /** @type {string} */ ship) {
  const { own, others, later, earlier, total, broken } = costOf(option, ship);
  const rows = rowsById.value;
  const now = (/** @type {string} */ id) => lock.plan?.lockages.find(({ ships }) => ships.includes(id))?.start ?? 0;
  return html`<p class="change" data-testid="move-total" data-seconds=${total}>${t('lock.total', {
      minutes: signedMinutes(total), later: number(later), earlier: number(earlier) })}</p>
    <p class="num">${t('lock.own_change', {
      minutes: signedMinutes(own), start: clock((option.start ?? 0) * 1000) })}</p>
    ${broken ? html`<p class="warn" data-testid="move-broken"><i aria-hidden="true">■</i> ${t('lock.broken', {
      count: number(broken) })}</p>` : ''}
    ${others.length ? html`<div class="wide" tabindex="0" role="region" aria-label=${t('lock.cost')}>
      <table data-testid="move-cost"><caption class="sr">${t('lock.cost')}</caption><thead><tr>
        <th scope="col">${t('lock.vessel')}</th><th scope="col">${t('lock.begins')}</th>
        <th scope="col">${t('lock.minutes')}</th></tr></thead><tbody>
      ${others.map(({ id, by, broken: late }) => html`<tr data-testid="move-other"><th scope="row">${
        rows.get(id)?.vessel ?? id}</th>
        <td class="num">${clock(now(id) * 1000)} → ${clock((now(id) + by) * 1000)}${late
          ? html` <small class="warn">■ ${t('lock.past_promise')}</small>` : ''}</td>
        <td class="num ${by > 0 ? 'warn' : 'ok'}">${signedMinutes(by)} ${
          t(by > 0 ? 'lock.later' : 'lock.earlier')}</td></tr>`)}</tbody></table></div>`
      : html`<p class="muted">${t('lock.no_change')}</p>`}`;
}

/** The card of a vessel in hand. */
export function cost(/** @type {LockDetail} */ lock, /** @type {string} */ ship) {
  const row = rowsById.value.get(ship);
  const { aimed, options, working, refused } = lockStore;
  const option = aimed.value;
  const choose = (/** @type {any} */ { target: { value } }) => value && aim(value === 'own' ? null : Number(value));
  return html`<section class="lock-card" data-testid="move-card" aria-label=${t('lock.move')}>
    <header><b>${row ? vesselTitle(row) : ship}</b><span class="grow"></span><button class="plain"
      data-testid="move-drop" aria-label=${t('lock.let_go')} title=${t('lock.let_go')}
      @click=${drop}>${icon('close')}</button></header>
    ${busy(!options.value && !refused.value)}
    ${options.value ? html`<label class="field"><span>${t('lock.to')}</span><select data-testid="move-to"
        @change=${choose}><option value="" ?selected=${!option}>${t('lock.choose')}</option>
        ${targets.value.map((one) => choice(lock, one, ship))}</select></label>
      <div aria-live="polite">${option ? told(lock, option, ship)
        : html`<p class="hint">${t('lock.keys')}</p>`}</div>
      ${option && lock.may.publish ? html`<div class="actions"><button class="primary" data-testid="move-apply"
        ?disabled=${!option.allowed || working.value} @click=${applyMove}>${t('lock.apply')}</button>
        <button data-testid="move-cancel" @click=${drop}>${t('app.cancel')}</button></div>` : ''}` : ''}
  </section>`;
}
