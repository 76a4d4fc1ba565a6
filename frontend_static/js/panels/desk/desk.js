// @ts-check
/** <sg-desk>: the open events with a receipt per party; acknowledge, change the end, undo. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { INPUT_PATTERN, clock, fromInput, maybe, moment, number, pick, t, toInput } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { badge, busy, failure, icon } from '../widgets.js';
import {
  acknowledge, awaits, deskStore, extend, isClosure, loadEvents, markEvent, titleOf, undo,
} from '../../model/events.js';
import { mayDecide } from '../../model/session.js';
import { codeName } from '../../model/layers.js';

/** @typedef {import('../../core/types.js').EventFeature} EventFeature */
/** @typedef {import('../../core/types.js').Receipt} Receipt */

const PAGE = 50;

class Desk extends Part {
  static properties = { editing: { state: true }, most: { state: true } };

  constructor() {
    super();
    /** The id of the event whose form is open. @type {string | null} */
    this.editing = null;
    this.most = PAGE;
  }

  render() {
    const error = deskStore.error.value;
    const loaded = deskStore.loaded.value;
    const all = inOrder();
    const current = all.find((event) => event.id === deskStore.current.value);
    const first = all.slice(0, this.most);
    const events = !current || first.includes(current) ? first : [current, ...first];
    const none = loaded && !all.length && !error;
    return html`<section class="desk" data-testid="desk" aria-label=${t('events.open')}>
      ${busy(!loaded)}
      ${error ? failure(error, loadEvents, 'events-retry') : ''}
      ${none ? html`<p class="muted pad" data-testid="events-empty">${t('events.none')}</p>` : ''}
      <ol>${repeat(events, (event) => event.id, (event) => this.event(event))}</ol>
      ${all.length > this.most
        ? html`<button class="more" data-testid="events-more"
            @click=${() => (this.most += PAGE)}>${t('events.more', { count: number(all.length - this.most) })}</button>`
        : ''}
    </section>`;
  }

  event(/** @type {EventFeature} */ event) {
    const p = event.properties;
    const current = deskStore.current.value === event.id;
    const until = p.valid_to ? moment(p.valid_to) : '';
    return html`<li class="event ${current ? 'current' : ''}" data-testid="event" data-id=${event.id}
      aria-current=${current}>
      <header><i class="event-mark" aria-hidden="true">${icon(isClosure(event) ? 'barrier' : 'bell')}</i>
        <div><h3>${titleOf(event)}</h3><p class="muted">${factsOf(event)} ${p.origin
          ? badge(p.origin, { bare: true })
          : ''}</p></div></header>
      <p class="num span">${p.valid_from ? moment(p.valid_from, true) : ''} – ${until}</p>
      ${this.receipts(p.receipts ?? [])}
      <div class="actions">
        <button data-testid="event-show" @click=${() => this.show(event)}>${t('events.show')}</button>
        ${mayDecide() ? this.decisions(event) : html`<p class="hint">${t('events.sign_in')}</p>`}
      </div>
      ${this.editing === event.id ? this.form(event) : ''}
    </li>`;
  }

  decisions(/** @type {EventFeature} */ event) {
    const off = deskStore.working.value === event.id;
    return html`
      ${awaits(event)
        ? html`<button data-testid="event-acknowledge" ?disabled=${off}
            @click=${() => acknowledge(event.id)}>${icon('check')}${t('events.acknowledge')}</button>`
        : ''}
      ${isClosure(event) ? this.closureDecisions(event, off) : ''}`;
  }

  closureDecisions(/** @type {EventFeature} */ event, /** @type {boolean} */ off) {
    const editing = this.editing === event.id;
    return html`<button data-testid="event-extend" aria-expanded=${editing}
        @click=${() => (this.editing = editing ? null : event.id)}>${t('events.extend')}</button>
      <button class="danger" data-testid="event-undo" ?disabled=${off}
        @click=${() => undo(event.id)}>${t('events.undo')}</button>`;
  }

  receipts(/** @type {Receipt[]} */ receipts) {
    if (!receipts.length) return '';
    return html`<table class="receipts" data-testid="receipts"><caption
      class="sr">${t('events.receipts')}</caption><tbody>
      ${receipts.map((receipt) => this.receipt(receipt))}
    </tbody></table>`;
  }

  receipt(/** @type {Receipt} */ { party, name, delivered_at: delivered, acknowledged_at: done }) {
    const came = delivered ? t('events.delivered', { time: clock(delivered, true) }) : t('events.not_delivered');
    const said = done ? t('events.acknowledged', { time: clock(done, true) }) : t('events.waiting');
    return html`<tr data-testid="receipt" data-party=${party} data-acknowledged=${done ?? ''}>
      <th scope="row">${pick(name) || party}</th>
      <td class="num muted">${came}</td>
      <td class="num ${done ? 'ok' : 'warn'}"><i aria-hidden="true">${done ? '✓' : '■'}</i> ${said}</td>
    </tr>`;
  }

  form(/** @type {EventFeature} */ event) {
    const save = (/** @type {SubmitEvent} */ submit) => this.save(submit, event);
    return html`<form class="closure" data-testid="extend-form" @submit=${save}>
      <label>${t('closure.until')}<input type="text" name="valid_to" required pattern=${INPUT_PATTERN}
        data-testid="extend-until" .value=${toInput(event.properties.valid_to)} /></label>
      <div class="actions"><button type="submit" data-testid="extend-save">${t('events.save')}</button></div>
    </form>`;
  }

  async save(/** @type {SubmitEvent} */ submit, /** @type {EventFeature} */ event) {
    submit.preventDefault();
    const until = new FormData(/** @type {HTMLFormElement} */ (submit.target)).get('valid_to');
    this.editing = null;
    await extend(event, fromInput(String(until)));
  }

  show(/** @type {EventFeature} */ event) {
    markEvent(event.id);
    const box = extent(event.geometry);
    if (box) showExtent(box, 13);
  }
}

/** The open events, closures first. */
function inOrder() {
  const all = deskStore.events.value;
  return [...all.filter(isClosure), ...all.filter((event) => !isClosure(event))];
}

/** What an event is, in one line. */
function factsOf(/** @type {EventFeature} */ event) {
  const p = event.properties;
  const facts = [
    isClosure(event) ? '' : maybe(`kind.${p.kind}`, codeName('kind', String(p.kind ?? ''))),
    p.direction ? maybe(`closure.${p.direction}`, String(p.direction)) : '',
    p.cause ? maybe(`cause.${p.cause}`, codeName('cause', String(p.cause))) : '',
    p.edges?.length ? t('events.edges', { count: number(p.edges.length) }) : '',
  ];
  return facts.filter(Boolean).join(' · ');
}

define('sg-desk', Desk);
