// @ts-check
/** The board of a hub: departures with the time until their gate closes, closings, queues of locks near it. */
import { html } from 'lit';
import { duration, number, pick, t } from '../../core/i18n.js';
import { hubBoardStore, loadHubBoard } from '../../model/hub_board.js';
import { openLock } from '../../model/lock.js';
import { linkageStore, setShipment } from '../../model/linkage.js';
import { badge, busy, failure } from '../widgets.js';
import { choice } from './choice.js';
import './hub_field.js';
import { hubName } from './hub_field.js';
import { mode, when } from './words.js';

/** @typedef {import('../../model/hub_board.js').Board} Board */
/** @typedef {import('../../model/hub_board.js').Departure} Departure */

const HOURS = ['12', '24', '48', '96', '168'];
/** A gate that closes sooner is told loudly; ms. */
const SOON_MS = 2 * 3_600_000;

/** How long a gate is open still. */
function countdown(/** @type {string} */ closes) {
  const left = Date.parse(closes) - hubBoardStore.at.value;
  if (left < 0) return html`<span class="shut">■ ${t('link.gate_shut')}</span>`;
  return html`<span class=${left < SOON_MS ? 'warn' : ''}>${left < SOON_MS ? '▲ ' : ''}${duration(left / 1000)}</span>`;
}

function row(/** @type {Departure} */ one) {
  const goal = one.calls[one.calls.length - 1];
  const past = Date.parse(one.gate_closes) < hubBoardStore.at.value;
  return html`<tr data-testid="hub-departure" data-mode=${one.mode} class=${past ? 'past' : ''}>
    <th scope="row" class="num">${when(one.departs)}</th>
    <td>${mode(one.mode)} ${pick(one.name)} ${badge(one.origin, { bare: true })}</td>
    <td>${goal ? html`${hubName(goal.hub)} <small class="muted num">${when(goal.arrives)}</small>` : '–'}</td>
    <td class="num" data-testid="hub-gate">${when(one.gate_closes)}<br />${countdown(one.gate_closes)}</td>
    <td class="num papers">${when(one.papers_close)}</td></tr>`;
}

function closings(/** @type {Board} */ board) {
  if (!board.closings.length) return html`<p class="hint">${t('link.open_hours')}</p>`;
  return html`<ul class=${board.closed_now ? 'bad' : 'warn'} data-testid="hub-closings">${board.closings.map((one) =>
    html`<li>■ ${t('link.closed', { since: when(one.since), until: when(one.until) })} ${
      one.reason ?? ''}</li>`)}</ul>`;
}

/** Vessels that wait at the locks near the hub. */
function queues() {
  const locks = hubBoardStore.locks.value;
  if (!locks.length) return '';
  return html`<h4>${t('link.locks')}</h4><ul class="link-locks" data-testid="hub-locks">${locks.map((lock) =>
    html`<li><button class="link" @click=${() => openLock(lock.id)}>${pick(lock.name)}</button> <span class="num">▲ ${
      number(lock.waiting_now.up)} ▼ ${number(lock.waiting_now.down)}</span> ${
      badge(lock.origin, { bare: true })}</li>`)}
    </ul>`;
}

function told(/** @type {Board} */ board) {
  const heads = /** @type {const} */ (['link.leaves', 'link.service', 'link.to', 'link.gate', 'link.papers']);
  const { hub, departures } = board;
  return html`<h3>${pick(hub.name)} <small class="muted">${hub.un_locodes.join(' ')}</small> ${badge(hub.origin)}</h3>
    ${closings(board)}
    ${departures.length ? html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.departures')}>
      <table data-testid="hub-board"><thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
      <tbody>${departures.map(row)}</tbody></table></div>` : html`<p class="muted">${t('link.no_departures')}</p>`}
    ${board.truncated ? html`<p class="hint">${t('link.truncated', { count: departures.length })}</p>` : ''}
    ${queues()}`;
}

/** The view of a hub. */
export function hubBoard() {
  const { hub, hours } = linkageStore.draft.value;
  const { board, error, working } = hubBoardStore;
  return html`<div class="link-form"><sg-hub-field .side=${'hub'} .wrong=${false}></sg-hub-field>
      <label class="field"><span>${t('link.next_hours')}</span><select data-testid="hub-hours"
        @change=${(/** @type {any} */ e) => setShipment({ hours: e.target.value })}>${HOURS.map((each) =>
        html`<option value=${each} ?selected=${each === hours}>${t('link.hours_value', { hours: each })}</option>`)}
      </select></label></div>
    ${busy(working.value)}
    ${error.value ? failure(error.value, () => loadHubBoard(), 'hub-retry') : ''}
    ${!hub ? html`<p class="muted">${t('link.choose_hub')}</p>` : ''}
    ${hub && board.value ? html`${told(board.value)}${choice()}` : ''}`;
}
