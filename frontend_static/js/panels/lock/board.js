// @ts-check
/** The board of queues: each lock with who waits, what is next and how busy it is; a row opens its lock. */
import { html } from 'lit';
import { clock, number, pick, t } from '../../core/i18n.js';
import { openLock } from '../../model/lock.js';
import { sessionStore } from '../../model/session.js';
import { badge } from '../widgets.js';

/** @typedef {import('../../core/types.js').LockSummary} LockSummary */

const both = (/** @type {{ up: number, down: number }} */ { up, down }) =>
  html`<span class="num">▲ ${number(up)} ▼ ${number(down)}</span>`;

function row(/** @type {LockSummary} */ lock) {
  const { next, busy } = lock;
  const open = lock.chambers.filter((chamber) => chamber.open_now).length;
  return html`<tr data-testid="lock-row" data-id=${lock.id}>
    <th scope="row"><button class="link" @click=${() => openLock(lock.id)}>${pick(lock.name)}</button>
      ${badge(lock.origin, { bare: true })}${open < lock.chambers.length
        ? html`<span class="warn"> ${t('lock.shut', { count: lock.chambers.length - open })}</span>` : ''}</th>
    <td data-testid="lock-now">${lock.plan_version ? both(lock.waiting_now) : '–'}</td>
    <td>${lock.plan_version ? both(lock.waiting) : '–'}</td>
    <td class="num">${next ? html`${clock(next.start * 1000)} ${next.way === 'up' ? '▲' : '▼'} ${
      t('lock.count', { count: next.ships })}` : '–'}</td>
    <td class="num">${busy === null || !lock.plan_version ? '–' : html`<meter min="0" max="1" .value=${busy}
      aria-label=${t('lock.busy')}></meter> ${number(busy * 100)} %`}</td></tr>`;
}

const table = (/** @type {LockSummary[]} */ locks, /** @type {string} */ caption) => html`<div class="wide"
  tabindex="0" role="region" aria-label=${caption}><table data-testid="lock-table">
    <caption>${caption}</caption><thead><tr>
    <th scope="col">${t('lock.lock')}</th><th scope="col">${t('lock.waiting_now')}</th>
    <th scope="col">${t('lock.to_pass')}</th><th scope="col">${t('lock.next')}</th>
    <th scope="col">${t('lock.busy')}</th></tr></thead><tbody>${locks.map(row)}</tbody></table></div>`;

/** The board: locks along the voyage on show first. */
export function board(/** @type {{ chain: LockSummary[], others: LockSummary[] }} */ { chain, others }) {
  if (!chain.length && !others.length) return html`<p class="muted">${t('lock.none')}</p>`;
  return html`<div class="lock-board" data-testid="lock-board-table">
    ${chain.length ? table(chain, t('lock.along')) : ''}
    ${others.length ? table(others, t(chain.length ? 'lock.others' : 'lock.all')) : ''}
    <p class="hint">${t(sessionStore.account.value ? 'lock.board_note' : 'lock.sign_in')}</p></div>`;
}
