// @ts-check
/** <sg-closure>: the form that closes a structure, an edge or a drawn area, always with an end. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { INPUT_PATTERN, fromInput, maybe, midnight, t, toInput } from '../../core/i18n.js';
import { startDraw } from '../../model/draw.js';
import { close, deskStore, startClosing } from '../../model/events.js';
import { now } from '../../core/clock.js';

const CAUSES = ['wind', 'fog', 'ice', 'flood', 'accident', 'works', 'control', 'other'];
const DIRECTIONS = ['both', 'forward', 'backward'];
const HOUR_MS = 3_600_000;
const EVENING_H = 18;

/** The end that the form proposes: 18:00 today, or six hours from now when that is near. */
function proposedEnd() {
  const evening = midnight(now()) + EVENING_H * HOUR_MS;
  return toInput(evening - now() > HOUR_MS ? evening : now() + 6 * HOUR_MS);
}

class Closure extends Part {
  static properties = { sending: { state: true }, error: { state: true } };

  constructor() {
    super();
    this.sending = false;
    /** @type {unknown} */
    this.error = null;
    this.end = proposedEnd();
  }

  render() {
    const closing = deskStore.closing.value;
    if (!closing) return html``;
    const title = t('closure.title', { name: closing.label });
    return html`<form class="closure" data-testid="closure-form" aria-label=${title}
      @submit=${this.submit} @keydown=${this.key}>
      <h4>${title}</h4>
      ${closing.directed ? this.choice('direction', DIRECTIONS, 'closure') : ''}
      ${this.choice('cause', CAUSES, 'cause')}
      ${this.span()}
      <label>${t('closure.note')}<input type="text" name="title" maxlength="120" data-testid="closure-title" /></label>
      ${this.error
        ? html`<p class="failure" role="alert" data-testid="closure-error">${explain(this.error)}</p>`
        : ''}
      <div class="actions">
        <button class="danger" type="submit" data-testid="closure-submit"
          ?disabled=${this.sending}>${t(this.sending ? 'closure.busy' : 'closure.submit')}</button>
        <button type="button" data-testid="closure-cancel"
          @click=${() => startClosing(null)}>${t('app.cancel')}</button>
      </div>
    </form>`;
  }

  /** From when, until when, and ends that are often wanted. */
  span() {
    const plus = (/** @type {number} */ hours) => html`<button type="button" class="small"
      data-testid="closure-plus-${hours}" @click=${() => this.endIn(hours)}>+${hours} h</button>`;
    return html`<label>${t('closure.from')}<input type="text" name="valid_from" data-testid="closure-from"
        pattern=${INPUT_PATTERN} placeholder=${t('closure.now')} /></label>
      <label>${t('closure.until')}<input type="text" name="valid_to" data-testid="closure-until" required
        pattern=${INPUT_PATTERN} title="2026-11-22 18:00" .value=${this.end} /></label>
      <div class="chips">${[2, 6, 24].map(plus)}</div>`;
  }

  choice(/** @type {string} */ name, /** @type {string[]} */ options, /** @type {string} */ prefix) {
    const label = t(/** @type {any} */ (`closure.${name}`));
    return html`<label>${label}<select name=${name} data-testid="closure-${name}">
      ${options.map((option) => html`<option value=${option}>${maybe(`${prefix}.${option}`, option)}</option>`)}
    </select></label>`;
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.querySelector('select'))?.focus();
  }

  /** Put the end some hours from now. */
  endIn(/** @type {number} */ hours) {
    const field = /** @type {HTMLInputElement} */ (this.querySelector('[name=valid_to]'));
    field.value = toInput(now() + hours * HOUR_MS);
  }

  key(/** @type {KeyboardEvent} */ event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    startClosing(null);
  }

  async submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    const closing = deskStore.closing.peek();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const from = String(fields.get('valid_from') ?? '');
    const to = fromInput(String(fields.get('valid_to')));
    if (!closing) return;
    if (Date.parse(to) <= (from ? Date.parse(fromInput(from)) : now())) {
      this.error = new Error(t('closure.past'));
      return;
    }
    await this.send(closing, {
      target: closing.target,
      direction: fields.get('direction') ?? 'both',
      cause: fields.get('cause'),
      valid_to: to,
      ...(from ? { valid_from: fromInput(from) } : {}),
      ...(fields.get('title') ? { title: fields.get('title') } : {}),
    });
  }

  /** @param {import('../../core/types.js').ClosureTarget} closing @param {Record<string, unknown>} body */
  async send(closing, body) {
    this.sending = true;
    this.error = null;
    try {
      await close(closing.label, body);
      startClosing(null);
      startDraw(null);
    } catch (error) {
      this.error = error;
    } finally {
      this.sending = false;
    }
  }
}

define('sg-closure', Closure);
