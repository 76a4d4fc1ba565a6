// @ts-check
/** <sg-desk>: the open events, the worst first, to be filtered and searched; what is about to be entered above. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { bySeverity, passes, roadOf } from '../../core/desk.js';
import { number, t } from '../../core/i18n.js';
import { busy, failure } from '../widgets.js';
import { alarms, deskStore, loadEvents } from '../../model/events.js';
import { mayDecide } from '../../model/session.js';
import { alarmSettings } from './alarms.js';
import { eventCard, kindName, saidOf } from './event_card.js';
import './closure_form.js';

const PAGE = 50;

class Desk extends Part {
  static properties = { most: { state: true }, wanted: { state: true } };

  constructor() {
    super();
    this.most = PAGE;
    this.wanted = { mine: false, kind: '', road: '', words: '' };
  }

  render() {
    const error = deskStore.error.value;
    const loaded = deskStore.loaded.value;
    const open = deskStore.events.value;
    const all = bySeverity(open.filter((event) => this.passes(event)));
    const current = open.find((event) => event.id === deskStore.current.value);
    const first = all.slice(0, this.most);
    const events = !current || first.includes(current) ? first : [current, ...first];
    return html`<section class="desk" data-testid="desk" aria-label=${t('events.open')}>
      ${busy(!loaded)}
      ${deskStore.closing.value?.span ? html`<div class="pad"><sg-closure></sg-closure></div>` : ''}
      ${mayDecide() ? alarmSettings() : ''}
      ${open.length ? this.filters() : ''}
      ${error ? failure(error, loadEvents, 'events-retry') : ''}
      ${loaded && !open.length && !error
        ? html`<p class="muted pad" data-testid="events-empty">${t('events.none')}</p>` : ''}
      ${open.length && !all.length
        ? html`<p class="muted pad" data-testid="events-none-pass">${t('events.none_pass')}</p>` : ''}
      <ol>${repeat(events, (event) => event.id, eventCard)}</ol>
      ${all.length > this.most
        ? html`<button class="more" data-testid="events-more"
            @click=${() => (this.most += PAGE)}>${t('events.more', { count: number(all.length - this.most) })}</button>`
        : ''}
    </section>`;
  }

  passes(/** @type {import('../../core/types.js').EventFeature} */ event) {
    return (!this.wanted.mine || alarms(event)) && passes(event, this.wanted, this.wanted.words ? saidOf(event) : '');
  }

  filters() {
    const open = deskStore.events.value;
    const kinds = [...new Set(open.map((event) => String(event.properties.kind)))].sort();
    const roads = [...new Set(open.map((event) => roadOf(event.properties)).filter(Boolean))].sort();
    const mine = open.filter(alarms).length;
    return html`<div class="desk-filters" role="search" aria-label=${t('events.filter')}>
      <input type="search" data-testid="events-search" aria-label=${t('events.search')}
        placeholder=${t('events.search')}
        .value=${this.wanted.words} @input=${(/** @type {any} */ e) => this.want({ words: e.target.value })} />
      ${this.choice('kind', t('events.any_kind'), kinds, kindName)}
      ${roads.length ? this.choice('road', t('events.any_road'), roads, (road) => road) : ''}
      ${mayDecide()
        ? html`<label class="check"><input type="checkbox" data-testid="events-mine" .checked=${this.wanted.mine}
            @change=${(/** @type {any} */ e) => this.want({ mine: e.target.checked })} />${t('events.mine',
              { count: mine })}</label>`
        : ''}
    </div>`;
  }

  /**
   * @param {'kind' | 'road'} name @param {string} any @param {string[]} options
   * @param {(one: string) => string} say
   */
  choice(name, any, options, say) {
    return html`<select data-testid="events-${name}" aria-label=${any}
      @change=${(/** @type {any} */ e) => this.want({ [name]: e.target.value })}>
      <option value="">${any}</option>
      ${options.map((one) => html`<option value=${one} ?selected=${one === this.wanted[name]}>${say(one)}</option>`)}
    </select>`;
  }

  want(/** @type {Partial<Desk['wanted']>} */ more) {
    this.wanted = { ...this.wanted, ...more };
    this.most = PAGE;
  }
}

define('sg-desk', Desk);
