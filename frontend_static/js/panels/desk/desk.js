// @ts-check
/** <sg-desk>: the open events with a receipt per party; acknowledge, change the end, undo. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { acknowledge, awaits, extend, isClosure, loadEvents, mayDecide, titleOf, undo } from '../../model/events.js';
import { codeName } from '../../core/catalog.js';
import { extent } from '../../core/geo.js';
import { INPUT_PATTERN, clock, fromInput, maybe, moment, number, pick, t, toInput } from '../../core/i18n.js';
import { data, url } from '../../core/store.js';
import { showExtent } from '../../map/camera.js';
import { badge, busy, failure, icon } from '../widgets.js';

/** @typedef {import('../../core/types.js').EventFeature} EventFeature */
/** @typedef {import('../../core/types.js').Receipt} Receipt */

const PAGE = 50;

class Desk extends Part {
  static properties = { editing: { state: true }, working: { state: true }, most: { state: true } };

  constructor() {
    super();
    /** @type {string | null} */
    this.editing = null;
    /** @type {string | null} */
    this.working = null;
    this.most = PAGE;
  }

  render() {
    const error = data.eventsError.value;
    const closures = data.events.value.filter(isClosure);
    const others = data.events.value.filter((event) => !isClosure(event));
    const all = [...closures, ...others];
    const current = all.find((event) => event.id === url.event.value);
    const first = all.slice(0, this.most);
    const events = !current || first.includes(current) ? first : [current, ...first];
    return html`<section class="desk" data-testid="desk" aria-label=${t('events.open')}>
      ${busy(!data.eventsLoaded.value)}
      ${error ? failure(error, loadEvents, 'events-retry') : ''}
      ${data.eventsLoaded.value && !all.length && !error ? html`<p class="muted pad" data-testid="events-empty">${t('events.none')}</p>` : ''}
      <ol>${repeat(events, (event) => event.id, (event) => this.event(event))}</ol>
      ${all.length > this.most ? html`<button class="more" data-testid="events-more" @click=${() => (this.most += PAGE)}>${t('events.more', { count: number(all.length - this.most) })}</button>` : ''}
    </section>`;
  }

  event(/** @type {EventFeature} */ event) {
    const p = event.properties;
    const current = url.event.value === event.id;
    const facts = [
      isClosure(event) ? '' : maybe(`kind.${p.kind}`, codeName('kind', String(p.kind ?? ''))),
      p.direction ? maybe(`closure.${p.direction}`, String(p.direction)) : '',
      p.cause ? maybe(`cause.${p.cause}`, codeName('cause', String(p.cause))) : '',
      p.edges?.length ? t('events.edges', { count: number(p.edges.length) }) : '',
    ].filter(Boolean);
    return html`<li class="event ${current ? 'current' : ''}" data-testid="event" data-id=${event.id} aria-current=${current}>
      <header><i class="event-mark" aria-hidden="true">${icon(isClosure(event) ? 'barrier' : 'bell')}</i>
        <div><h3>${titleOf(event)}</h3><p class="muted">${facts.join(' · ')} ${p.origin ? badge(p.origin, { bare: true }) : ''}</p></div></header>
      <p class="num span">${p.valid_from ? moment(p.valid_from, true) : ''} – ${p.valid_to ? moment(p.valid_to) : ''}</p>
      ${this.receipts(p.receipts ?? [])}
      <div class="actions">
        <button data-testid="event-show" @click=${() => this.show(event)}>${t('events.show')}</button>
        ${mayDecide() ? this.decisions(event) : html`<p class="hint">${t('events.sign_in')}</p>`}
      </div>
      ${this.editing === event.id ? this.form(event) : ''}
    </li>`;
  }

  decisions(/** @type {EventFeature} */ event) {
    const off = this.working === event.id;
    return html`
      ${awaits(event)
        ? html`<button data-testid="event-acknowledge" ?disabled=${off} @click=${() => this.run(event, () => acknowledge(event.id))}>${icon('check')}${t('events.acknowledge')}</button>`
        : ''}
      ${isClosure(event) ? this.closureDecisions(event, off) : ''}`;
  }

  closureDecisions(/** @type {EventFeature} */ event, /** @type {boolean} */ off) {
    return html`<button data-testid="event-extend" aria-expanded=${this.editing === event.id} @click=${() => (this.editing = this.editing === event.id ? null : event.id)}>${t('events.extend')}</button>
      <button class="danger" data-testid="event-undo" ?disabled=${off} @click=${() => this.run(event, () => undo(event.id))}>${t('events.undo')}</button>`;
  }

  async run(/** @type {EventFeature} */ event, /** @type {() => Promise<unknown>} */ action) {
    this.working = event.id;
    await action();
    this.working = null;
  }

  receipts(/** @type {Receipt[]} */ receipts) {
    if (!receipts.length) return '';
    return html`<table class="receipts" data-testid="receipts"><caption class="sr">${t('events.receipts')}</caption><tbody>
      ${receipts.map((receipt) => {
        const done = receipt.acknowledged_at;
        return html`<tr data-testid="receipt" data-party=${receipt.party} data-acknowledged=${done ?? ''}>
          <th scope="row">${pick(receipt.name) || receipt.party}</th>
          <td class="num muted">${receipt.delivered_at ? t('events.delivered', { time: clock(receipt.delivered_at, true) }) : t('events.not_delivered')}</td>
          <td class="num ${done ? 'ok' : 'warn'}"><i aria-hidden="true">${done ? '✓' : '■'}</i> ${done ? t('events.acknowledged', { time: clock(done, true) }) : t('events.waiting')}</td>
        </tr>`;
      })}
    </tbody></table>`;
  }

  form(/** @type {EventFeature} */ event) {
    return html`<form class="closure" data-testid="extend-form" @submit=${(/** @type {SubmitEvent} */ submit) => this.save(submit, event)}>
      <label>${t('closure.until')}<input type="text" name="valid_to" required pattern=${INPUT_PATTERN} data-testid="extend-until" .value=${toInput(event.properties.valid_to)} /></label>
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
    url.event.value = event.id;
    const box = extent(event.geometry);
    if (box) showExtent(box, 13);
  }
}

define('sg-desk', Desk);
