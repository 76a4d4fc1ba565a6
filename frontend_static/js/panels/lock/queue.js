// @ts-check
/** The queue of a lock: who is locked, waits or comes, since when, and when it is predicted to be locked. */
import { html } from 'lit';
import { clock, hoursMinutes, number, t } from '../../core/i18n.js';
import { conesOf, queueOf, readyOf } from '../../core/lock.js';
import { checkIn, lockStore, noShow, take } from '../../model/lock.js';
import { badge } from '../widgets.js';
import { cargoName, vesselTitle } from './chamber.js';

/** @typedef {import('../../core/types.js').LockDetail} LockDetail */
/** @typedef {import('../../core/lock.js').Queued} Queued */

const SIGNS = { locking: '◆', waiting: '■', coming: '○', unplanned: '?' };

/** What an officer of the lock may do with a vessel that has not been locked. */
function actions(/** @type {Queued} */ { row, stand }) {
  return html`${row.state === 'declared' ? html`<button class="small" data-testid="lock-check-in"
      aria-label=${`${t('lock.check_in')} ${row.vessel}`}
      @click=${() => checkIn(row.id, row.vessel)}>${t('lock.check_in')}</button>` : ''}
    ${stand === 'locking' ? '' : html`<button class="small" data-testid="lock-no-show"
      aria-label=${`${t('lock.no_show')} ${row.vessel}`} ?disabled=${lockStore.working.value}
      @click=${() => noShow(row.id, row.vessel)}>${t('lock.no_show')}</button>`}`;
}

function line(/** @type {LockDetail} */ lock, /** @type {Queued} */ one) {
  const { row, stand, start, waits } = one;
  const movable = lock.may.ask && start !== null && stand !== 'locking';
  const late = stand === 'waiting' && row.state === 'declared';
  return html`<tr data-testid="lock-queued" data-stand=${stand} data-id=${row.id}
      class=${lockStore.ship.value === row.id ? 'held' : ''}>
    <th scope="row">${movable ? html`<button class="link" title=${vesselTitle(row)}
        @click=${() => take(row.id)}>${row.vessel}</button>`
      : html`<span title=${vesselTitle(row)}>${row.vessel}</span>`}
      ${row.origin === lock.origin ? '' : badge(row.origin, { bare: true })}
      ${row.cargo === 'ordinary' ? '' : html`<small>${conesOf(row.cargo) ? '▼'.repeat(conesOf(row.cargo)) : ''} ${
        cargoName(row.cargo)}</small>`}</th>
    <td>${row.way === 'up' ? '▲' : '▼'}</td>
    <td>${SIGNS[stand]} ${t(`lock.stand.${stand}`)}${late ? html` <span class="warn">${t('lock.not_seen')}</span>` : ''}
      <small class="muted num">${clock(readyOf(row) * 1000)}</small></td>
    <td class="num">${hoursMinutes(waits)}</td>
    <td class="num">${start === null ? t('lock.not_planned') : html`${clock(start * 1000)} <small
      title=${t('lock.promised')}>${t('lock.promised_sign')}</small>`}</td>
    ${lock.may.publish ? html`<td class="lock-acts">${actions(one)}</td>` : ''}</tr>`;
}

/** The queue as a table. */
export function queue(/** @type {LockDetail} */ lock) {
  const all = queueOf(lock, lockStore.at.value);
  const heads = /** @type {const} */ (['lock.vessel', 'lock.way', 'lock.stand', 'lock.waits', 'lock.predicted']);
  const waiting = all.filter(({ stand }) => stand === 'waiting').length;
  const caption = t('lock.queue', { waiting: number(waiting), all: number(all.length) });
  return html`<h4>${caption}</h4>${all.length ? html`<div class="wide" tabindex="0" role="region" aria-label=${caption}>
    <table data-testid="lock-queue"><thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}
      ${lock.may.publish ? html`<th scope="col"><span class="sr">${t('lock.actions')}</span></th>` : ''}</tr></thead>
    <tbody>${all.map((one) => line(lock, one))}</tbody></table></div>
    <p class="hint">${t('lock.promised_note')}</p>` : html`<p class="muted">${t('lock.queue_empty')}</p>`}`;
}
