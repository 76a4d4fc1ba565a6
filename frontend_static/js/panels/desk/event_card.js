// @ts-check
/** The card of one event: what, where, until when, who has signed, who is called next, and what may be done. */
import { html } from 'lit';
import { calls } from '../../core/desk.js';
import { extent } from '../../core/geo.js';
import { clock, maybe, moment, number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { badge, icon } from '../widgets.js';
import { draftStore, openDraft } from '../../model/end_draft.js';
import {
  acknowledge, alarms, awaits, callsMe, deskStore, isClosure, markEvent, mayChange, placeOf, titleOf,
} from '../../model/events.js';
import { codeName } from '../../model/layers.js';
import { mayDecide } from '../../model/session.js';
import { endForm } from './end_form.js';
import { undoButton, undoQuestion } from './undo.js';

/** @typedef {import('../../core/types.js').EventFeature} EventFeature */
/** @typedef {import('../../core/types.js').Receipt} Receipt */

/** Name what kind of event it is. */
export const kindName = (/** @type {string} */ kind) => maybe(`kind.${kind}`, codeName('kind', kind));

/** What an event is, in one line. */
function factsOf(/** @type {EventFeature} */ { properties: p }) {
  const count = p.edge_count ?? p.edges?.length ?? 0;
  const facts = [
    kindName(String(p.kind ?? '')),
    p.severity ? maybe(`severity.${p.severity}`, String(p.severity)) : '',
    p.direction && !p.place?.towards ? maybe(`closure.${p.direction}`, String(p.direction)) : '',
    p.cause ? maybe(`cause.${p.cause}`, codeName('cause', String(p.cause))) : '',
    p.lanes ? t('events.lanes', { lanes: p.lanes }) : '',
    p.value && p.unit === 'km/h' ? `${p.value} km/h` : '',
    count ? t('events.edges', { count: number(count) }) : '',
  ];
  return facts.filter(Boolean).join(' · ');
}

/** All that a card says, to be searched. */
export const saidOf = (/** @type {EventFeature} */ event) =>
  [titleOf(event), placeOf(event), factsOf(event)].join(' ');

/** Draw the card. */
export function eventCard(/** @type {EventFeature} */ event) {
  const p = event.properties;
  const current = deskStore.current.value === event.id;
  const until = p.valid_to ? moment(p.valid_to) : t('events.open_end');
  return html`<li class="event ${current ? 'current' : ''} ${alarms(event) ? 'alarmed' : ''}" data-testid="event"
    data-id=${event.id} data-kind=${p.kind} aria-current=${current}>
    <header><i class="event-mark" aria-hidden="true">${icon(isClosure(event) ? 'barrier' : 'bell')}</i>
      <div><h3>${titleOf(event)}</h3>
        <p data-testid="event-place">${placeOf(event)}</p>
        <p class="muted">${factsOf(event)} ${p.origin ? badge(p.origin, { bare: true }) : ''}</p></div></header>
    <p class="num span">${p.valid_from ? moment(p.valid_from, true) : ''} – ${until}</p>
    ${receipts(event)}
    <div class="actions">
      <button data-testid="event-show" @click=${() => locate(event)}>${t('events.show')}</button>
      ${mayDecide() ? decisions(event) : html`<p class="hint">${t('events.sign_in')}</p>`}
    </div>
    ${undoQuestion(event)}
    ${endForm(event.id)}
  </li>`;
}

function decisions(/** @type {EventFeature} */ event) {
  const off = deskStore.working.value === event.id;
  const editing = draftStore.draft.value?.id === event.id;
  const parties = callsMe(event);
  return html`
    ${awaits(event)
      ? html`<button data-testid="event-acknowledge" ?disabled=${off}
          @click=${() => acknowledge(event.id)}>${icon('check')}${t('events.acknowledge')}</button>`
      : ''}
    ${parties.map((party) => html`<button data-testid="event-acknowledge-for" ?disabled=${off}
        @click=${() => acknowledge(event.id, party)}>${icon('check')}${t('events.acknowledge_for',
          { party: partyName(event, party) })}</button>`)}
    ${mayChange(event) && event.properties.valid_to
      ? html`<button data-testid="event-extend" aria-expanded=${editing}
          @click=${() => openDraft(editing ? null : event)}>${t('events.extend')}</button>`
      : ''}
    ${undoButton(event)}`;
}

/** Name a desk as the receipts do. */
export function partyName(/** @type {EventFeature} */ event, /** @type {string} */ party) {
  const receipt = (event.properties.receipts ?? []).find((one) => one.party === party);
  return (receipt && pick(receipt.name)) || party;
}

function receipts(/** @type {EventFeature} */ event) {
  const all = event.properties.receipts ?? [];
  if (!all.length) return '';
  return html`<table class="receipts" data-testid="receipts"><caption class="sr"
    >${t('events.receipts')}</caption><tbody>
    ${all.map((one) => receipt(event, one))}
  </tbody></table>`;
}

function receipt(/** @type {EventFeature} */ event, /** @type {Receipt} */ one) {
  const { party, name, delivered_at: delivered, acknowledged_at: done } = one;
  const came = delivered ? t('events.delivered', { time: clock(delivered, true) }) : t('events.not_delivered');
  const said = done ? t('events.acknowledged', { time: clock(done, true) }) : t('events.waiting');
  return html`<tr data-testid="receipt" data-party=${party} data-acknowledged=${done ?? ''}>
    <th scope="row">${pick(name) || party}</th>
    <td class="num muted">${came}</td>
    <td class="num ${done ? 'ok' : 'warn'}"><i aria-hidden="true">${done ? '✓' : '■'}</i> ${said}
      ${done ? '' : calledNext(event, party)}</td>
  </tr>`;
}

/** Who has been called because a desk does not sign, or is called next, and when. */
function calledNext(/** @type {EventFeature} */ event, /** @type {string} */ party) {
  const all = calls(event, deskStore.alarm.value).filter((one) => one.party === party);
  const now = deskStore.clock.value;
  const one = all.filter(({ at }) => at <= now).at(-1) ?? all[0];
  if (!one) return '';
  const name = partyName(event, one.called);
  const time = clock(new Date(one.at).toISOString());
  return html`<br /><small data-testid="receipt-called" data-called=${one.called} data-due=${one.at <= now}
    >${t(one.at <= now ? 'events.called' : 'events.calls', { party: name, time })}</small>`;
}

function locate(/** @type {EventFeature} */ event) {
  markEvent(event.id);
  const box = extent(event.geometry);
  if (box) showExtent(box, 13);
}
