// @ts-check
/** <sg-closure>: the form that closes, slows or reports something, always looked at before it is sent. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, debounce, define } from '../../core/base.js';
import { ENTRIES, requestOf, stake } from '../../core/desk.js';
import { INPUT_PATTERN, fromInput, maybe, midnight, pick, t, toInput } from '../../core/i18n.js';
import { closingStore, enter, forgetPreview, look } from '../../model/closing.js';
import { startDraw } from '../../model/draw.js';
import { deskStore, startClosing } from '../../model/events.js';
import { now } from '../../core/clock.js';
import { previewOf } from './preview.js';

const CAUSES = ['wind', 'fog', 'ice', 'flood', 'accident', 'works', 'control', 'other'];
const DIRECTIONS = ['both', 'forward', 'backward'];
const SEVERITIES = ['high', 'medium', 'low'];
/** What is slowed to a value that is asked for, and the usual one (km/h). */
const SPEEDS = /** @type {Record<string, number>} */ ({ speed: 60, weather: 60 });
const HOUR_MS = 3_600_000;
const EVENING_H = 18;
const LOOK_MS = 350;
const STAKE = '\\s*[Kk]?\\s*[0-9]{1,5}(\\s*[+]\\s*[0-9]{1,3}|[.][0-9]{1,3})?\\s*';

/** The end that the form proposes: 18:00 today, or six hours from now when that is near. */
function proposedEnd() {
  const evening = midnight(now()) + EVENING_H * HOUR_MS;
  return toInput(evening - now() > HOUR_MS ? evening : now() + 6 * HOUR_MS);
}

class Closure extends Part {
  static properties = {
    sending: { state: true }, error: { state: true }, entry: { state: true }, warned: { state: true },
  };

  constructor() {
    super();
    this.sending = false;
    /** @type {unknown} */
    this.error = null;
    /** @type {import('../../core/desk.js').Entry} */
    this.entry = 'closure';
    /** The question about which it was said that something is closed already. */
    this.warned = '';
    this.end = proposedEnd();
    this.looking = debounce(() => this.look(), LOOK_MS);
  }

  render() {
    const closing = deskStore.closing.value;
    if (!closing) return html``;
    const title = closing.span ? t('closure.at', { name: closing.label }) : t('closure.title', { name: closing.label });
    const again = this.warned && this.warned === closingStore.preview.value?.key;
    const refused = Boolean(closingStore.preview.value?.found?.properties.refused);
    return html`<form class="closure" data-testid="closure-form" aria-label=${title}
      @submit=${this.submit} @keydown=${this.key} @input=${this.looking} @change=${this.looking}>
      ${closing.span ? html`<h3>${title}</h3>` : html`<h4>${title}</h4>`}
      ${this.entries(closing)}
      ${closing.span ? this.stakes(closing.span) : ''}
      ${this.directions(closing)}
      ${this.measures()}
      ${this.entry === 'works' ? '' : this.choice('cause', CAUSES, 'cause')}
      ${this.entry === 'incident' ? this.choice('severity', SEVERITIES, 'severity') : this.span()}
      <label>${t('closure.note')}<input type="text" name="title" maxlength="120" data-testid="closure-title" /></label>
      ${previewOf(this.entry)}
      ${this.error
        ? html`<p class="failure" role="alert" data-testid="closure-error">${explain(this.error)}</p>`
        : ''}
      <div class="actions">
        <button class="danger" type="submit" data-testid="closure-submit"
          ?disabled=${this.sending || refused}>${t(this.said(Boolean(again)))}</button>
        <button type="button" data-testid="closure-cancel"
          @click=${() => startClosing(null)}>${t('app.cancel')}</button>
      </div>
    </form>`;
  }

  /** @returns {import('../../core/i18n.js').Key} */
  said(/** @type {boolean} */ again) {
    if (this.sending) return 'closure.busy';
    if (again) return 'closure.still_submit';
    return this.entry === 'closure' ? 'closure.submit' : 'closure.enter';
  }

  /** What is entered: an incident needs a stake. */
  entries(/** @type {import('../../core/types.js').ClosureTarget} */ closing) {
    const all = ENTRIES.filter((entry) => closing.span || entry !== 'incident');
    const take = (/** @type {any} */ event) => (this.entry = event.target.value);
    return html`<label>${t('closure.entry')}<select name="entry" data-testid="closure-entry" @change=${take}>
      ${all.map((entry) => html`<option value=${entry} ?selected=${entry === this.entry}
        >${t(`entry.${entry}`)}</option>`)}
    </select></label>`;
  }

  /** From which stake to which. @param {import('../../core/types.js').Span} span */
  stakes({ k_from: first, k_to: last }) {
    const field = (/** @type {'k_from' | 'k_to'} */ name, /** @type {number} */ k) =>
      html`<label>${t(`closure.${name}`)}<input type="text" name=${name} required pattern=${STAKE} title="K123+400"
        data-testid="closure-${name}" value=${stake(k)} /></label>`;
    return html`${field('k_from', Math.min(first, last))}${this.entry === 'incident'
      ? '' : field('k_to', Math.max(first, last))}`;
  }

  /** Directions of a route are towns; those of anything else are along its line. */
  directions(/** @type {import('../../core/types.js').ClosureTarget} */ closing) {
    if (!closing.span) return closing.directed ? this.choice('direction', DIRECTIONS, 'closure') : '';
    const towards = closingStore.preview.value?.found?.properties.towards ?? [];
    const town = (/** @type {'up' | 'down'} */ side) => {
      const one = towards.find((row) => row.side === side);
      const name = one && pick({ zh: one.zh, en: one.en });
      return name ? t('events.towards', { town: name }) : t(`closure.${side}`);
    };
    const both = this.entry === 'incident' ? [] : [html`<option value="">${t('closure.both')}</option>`];
    const sides = /** @type {const} */ (['up', 'down']);
    const wanted = closing.span.side ?? (this.entry === 'incident' ? 'up' : '');
    return html`<label>${t('closure.direction')}<select name="side" data-testid="closure-side">${both}
      ${sides.map((side) => html`<option value=${side} ?selected=${side === wanted}>${town(side)}</option>`)}
    </select></label>`;
  }

  /** Lanes or a speed, where they belong to what is entered. */
  measures() {
    if (this.entry in SPEEDS) {
      return html`<label>${t('closure.kmh')}<input type="number" name="value" min="1" max="200" required
        data-testid="closure-value" value=${SPEEDS[this.entry]} /></label>`;
    }
    if (!['lanes', 'works', 'incident'].includes(this.entry)) return '';
    return html`<label>${t('closure.lanes')}<input type="text" name="lanes" placeholder="1、2"
      title=${t('closure.lanes_how')}
      ?required=${this.entry === 'lanes'} pattern="[0-9、,， \\-]*" data-testid="closure-lanes" /></label>`;
  }

  /** From when, until when, and ends that are often wanted. */
  span() {
    const plus = (/** @type {number} */ hours) => html`<button type="button" class="small"
      data-testid="closure-plus-${hours}" @click=${() => this.endIn(hours)}>+${hours} h</button>`;
    return html`<label>${t('closure.from')}<input type="text" name="valid_from" data-testid="closure-from"
        pattern=${INPUT_PATTERN} placeholder=${t('closure.now')} /></label>
      <label>${t('closure.until')}<input type="text" name="valid_to" data-testid="closure-until" required
        pattern=${INPUT_PATTERN} title="2026-11-22 18:00" value=${this.end} /></label>
      <div class="chips">${[2, 6, 24].map(plus)}</div>`;
  }

  choice(/** @type {string} */ name, /** @type {string[]} */ options, /** @type {string} */ prefix) {
    const label = t(/** @type {any} */ (`closure.${name}`));
    return html`<label>${label}<select name=${name} data-testid="closure-${name}">
      ${options.map((option) => html`<option value=${option}>${maybe(`${prefix}.${option}`, option)}</option>`)}
    </select></label>`;
  }

  connectedCallback() {
    super.connectedCallback();
    forgetPreview();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    forgetPreview();
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.querySelector('select'))?.focus();
    this.look();
  }

  updated(/** @type {Map<string, unknown>} */ changed) {
    if (changed.has('entry') && changed.get('entry') !== undefined) this.looking();
  }

  /** Put the end some hours from now. */
  endIn(/** @type {number} */ hours) {
    const field = /** @type {HTMLInputElement} */ (this.querySelector('[name=valid_to]'));
    field.value = toInput(now() + hours * HOUR_MS);
    this.looking();
  }

  key(/** @type {KeyboardEvent} */ event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    startClosing(null);
  }

  /** What the form holds, as a request; null while a field of it cannot be read. */
  entered() {
    const form = this.querySelector('form');
    const closing = deskStore.closing.peek();
    if (!form || !closing || !form.checkValidity()) return null;
    const given = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, String(text)]));
    for (const name of ['valid_from', 'valid_to']) if (given[name]) given[name] = fromInput(given[name]);
    return { given, request: requestOf(closing, { ...given, entry: this.entry }) };
  }

  look() {
    const entered = this.isConnected ? this.entered() : null;
    if (entered) look(entered.request);
  }

  async submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    const closing = deskStore.closing.peek();
    const entered = this.entered();
    if (!closing || !entered || this.sending) return;
    const { valid_from: from, valid_to: to } = entered.given;
    if (to && Date.parse(to) <= (from ? Date.parse(from) : now())) {
      this.error = new Error(t('closure.past'));
      return;
    }
    this.sending = true;
    this.error = null;
    try {
      if (await this.mayBeSent(entered.request)) {
        await enter(closing.label, entered.request);
        startClosing(null);
        startDraw(null);
      }
    } catch (error) {
      this.error = error;
    } finally {
      this.sending = false;
    }
  }

  /** What is closed already is said before it is closed once more, and asked about once. */
  async mayBeSent(/** @type {ReturnType<typeof requestOf>} */ request) {
    const found = await look(request);
    const key = JSON.stringify(request.body);
    if (!found?.properties.closed_by.length || request.body.kind !== 'closure' || this.warned === key) return true;
    this.warned = key;
    return false;
  }
}

define('sg-closure', Closure);
