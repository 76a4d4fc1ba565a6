// @ts-check
/** <sg-restrict>: restrict flight for a while, see what is in force, whom it touches and who knows. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { moment, t, toInput } from '../../core/i18n.js';
import { now } from '../../core/clock.js';
import { showExtent } from '../../map/camera.js';
import {
  endRestriction, loadRestrictions, moveEnd, openRestriction, restrict, restrictionStore, setRestriction,
  wrongRestriction,
} from '../../model/restrictions.js';
import { mayDecide } from '../../model/session.js';
import { busy, failure, icon, legalText } from '../widgets.js';
import {
  choiceField, focusWrong, formFailure, heightFields, linesField, placeFields, textField,
} from './draft_fields.js';
import { affectedList } from './affected.js';
import { limitText, verdictMark } from './marks.js';

/** @typedef {import('../../core/types.js').Restriction} Restriction */

const KINDS = ['PROHIBITED', 'REQ_AUTHORISATION'];
/** @type {Record<string, string>} */
const EFFECTS = { PROHIBITED: 'prohibited', REQ_AUTHORISATION: 'needs_approval' };
const HOURS = [1, 2, 6, 24];
const HOUR_MS = 3_600_000;

const limit = (/** @type {number | null} */ value, /** @type {string | null} */ datum) =>
  (value === null ? null : { value, datum: datum ?? '', unit: 'm', included: false });

/** From and to which height. */
function heights(/** @type {Restriction['properties']} */ p) {
  const [floor, ceiling] = [limit(p.floor_m, p.floor_datum), limit(p.ceiling_m, p.ceiling_datum)];
  return `${limitText(floor, 'floor')} – ${limitText(ceiling, 'ceiling')}`;
}

const show = (/** @type {Restriction} */ one) => {
  const box = extent(one.geometry);
  if (box) showExtent(box);
};

class Restrict extends Part {
  static properties = { asking: { state: true }, end: { state: true } };

  constructor() {
    super();
    /** The restriction of which is asked whether it shall end now. @type {string | null} */
    this.asking = null;
    /** The new end as it is typed. @type {string | null} */
    this.end = null;
    /** What was told last. @type {unknown} */
    this.told = null;
  }

  render() {
    const { open, all, listError, working } = restrictionStore;
    return html`<section class="air-part" data-testid="restrict">
      ${open.value ? this.card(open.value) : ''}
      ${mayDecide() ? this.form() : html`<p class="muted">${t('restrict.closed')}</p>`}
      ${busy(working.value)}
      ${listError.value ? failure(listError.value, loadRestrictions, 'restrictions-retry') : ''}
      ${all.value?.length === 0 ? html`<p class="muted" data-testid="restrictions-none">${t('restrict.none')}</p>` : ''}
      ${this.list('own', (all.value ?? []).filter((one) => one.properties.may_change))}
      ${this.list('others', (all.value ?? []).filter((one) => !one.properties.may_change))}
    </section>`;
  }

  updated() {
    const error = restrictionStore.error.peek();
    if (error && error !== this.told) focusWrong(this);
    this.told = error;
  }

  form() {
    const form = {
      goal: /** @type {const} */ ('restriction'), draft: restrictionStore.draft.value, set: setRestriction,
      wrong: wrongRestriction(), error: restrictionStore.error.value,
    };
    const send = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      restrict();
    };
    return html`<form class="air-form" data-testid="restriction-form" aria-label=${t('air.restrict')} @submit=${send}>
      ${placeFields(form, ['point', 'area'])}
      ${heightFields(form)}
      ${textField(form, 'from', t('closure.now'), 16)}
      ${textField(form, 'until', '2026-11-22 18:00', 16)}
      <div class="chips">${HOURS.map((hours) => html`<button type="button" class="small" data-testid="until-${hours}"
        @click=${() => setRestriction({ until: toInput(now() + hours * HOUR_MS) })}>+${hours} h</button>`)}</div>
      ${choiceField(form, 'restriction', KINDS, (one) => t(/** @type {any} */ (`restriction.${one}`)))}
      ${textField(form, 'name', t('restrict.name_hint'))}
      ${textField(form, 'reason', t('restrict.reason_hint'), 400)}
      ${linesField(form, 'text', t('restrict.text_hint'))}
      ${textField(form, 'authority', t('restrict.authority_hint'), 400)}
      ${formFailure(form)}
      <div class="actions"><button class="danger" type="submit" data-testid="restriction-submit"
        ?disabled=${restrictionStore.working.value}>${icon('barrier')}${t('restrict.submit')}</button></div>
    </form>`;
  }

  list(/** @type {'own' | 'others'} */ whose, /** @type {Restriction[]} */ some) {
    if (!some.length) return '';
    return html`<h3 class="part">${t(`restrict.${whose}`)}</h3>
      <ul class="inbox" data-testid="restrictions-${whose}">${some.map((one) => this.row(one))}</ul>`;
  }

  row(/** @type {Restriction} */ one) {
    const open = restrictionStore.open.value?.id === one.id;
    return html`<li class="plan-row ${open ? 'current' : ''}" data-testid="restriction" data-id=${one.id}>
      <button class="inbox-row" aria-expanded=${open} @click=${() => openRestriction(open ? null : one.id)}>
        <b>${one.properties.name_zh}</b><span class="num muted">– ${moment(one.properties.valid_to, true)}</span>
        <span class="facts">${verdictMark(EFFECTS[one.properties.restriction])}</span>
        <span class="facts num muted">${heights(one.properties)}</span></button></li>`;
  }

  card(/** @type {Restriction} */ one) {
    const p = one.properties;
    const over = Date.parse(p.valid_to) <= now();
    return html`<article class="plan-card" data-testid="restriction-card" data-id=${one.id} aria-label=${p.name_zh}>
      <header><h3>${p.name_zh} <small class="muted">${p.code}</small></h3><button class="plain"
        aria-label=${t('app.close')} @click=${() => openRestriction(null)}>${icon('close')}</button></header>
      <p>${verdictMark(EFFECTS[p.restriction])}</p>
      <p class="num">${moment(p.valid_from, true)} – ${moment(p.valid_to, true)}
        ${over ? html`<b class="warn">${t('restrict.over')}</b>` : ''}<br />${heights(p)}</p>
      <p>${p.reason}</p>
      ${p.legal_text ? html`<blockquote>${legalText(p.legal_text)}<cite>${p.authority}</cite></blockquote>` : ''}
      ${one.affected ? affectedList(one.id, one.affected) : ''}
      <div class="actions"><button data-testid="restriction-show"
          @click=${() => show(one)}>${t('inspect.zoom')}</button>
        </div>
      ${p.may_change && !over ? this.ending(one) : ''}
    </article>`;
  }

  /** Move the end of a restriction, or end it now: that is asked once. */
  ending(/** @type {Restriction} */ one) {
    const off = restrictionStore.working.value;
    const send = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      moveEnd(one, this.end ?? toInput(one.properties.valid_to));
      this.end = null;
    };
    if (this.asking === one.id) {
      const end = () => {
        this.asking = null;
        endRestriction(one);
      };
      return html`<p class="warn" role="alert">${t('restrict.end_sure', { name: one.properties.name_zh })}</p>
        <div class="actions"><button class="danger" data-testid="restriction-end-sure" @click=${end}>${
          t('restrict.end_yes')}</button>
          <button @click=${() => (this.asking = null)}>${t('app.cancel')}</button></div>`;
    }
    return html`<form class="air-form" data-testid="restriction-move" @submit=${send}>
      <label class="field"><span>${t('restrict.new_end')}</span><input type="text" maxlength="16" autocomplete="off"
        data-testid="restriction-new-end" .value=${this.end ?? toInput(one.properties.valid_to)}
        @input=${(/** @type {any} */ e) => (this.end = e.target.value)} /></label>
      <p class="hint">${t('restrict.move_hint')}</p>
      <div class="actions"><button type="submit" data-testid="restriction-move-send" ?disabled=${off}>${
        t('restrict.move')}</button>
        <button type="button" class="danger" data-testid="restriction-end" ?disabled=${off}
          @click=${() => (this.asking = one.id)}>${t('restrict.end')}</button></div></form>`;
  }
}

define('sg-restrict', Restrict);
