// @ts-check
/** Flights that a restriction concerns, with their receipts; and the notices of one's own flights. */
import { html, svg } from 'lit';
import { clock, maybe, moment, t } from '../../core/i18n.js';
import { noticeStore, receiveNotice, showRestriction } from '../../model/air_notices.js';
import { mayDecide } from '../../model/session.js';

/** @typedef {import('../../core/types.js').Affected} Affected */
/** @typedef {import('../../core/types.js').AirNotice} AirNotice */

const EFFECTS = /** @type {const} */ (['inside', 'uncertain', 'outside']);

/** A full, a half and an empty disc. @type {Record<string, unknown>} */
const DISCS = {
  inside: svg`<circle cx="8" cy="8" r="6"></circle>`,
  uncertain: svg`<path d="M8 2a6 6 0 0 0 0 12z"></path><circle class="ring" cx="8" cy="8" r="6"></circle>`,
  outside: svg`<circle class="ring" cx="8" cy="8" r="6"></circle>`,
};

const effectMark = (/** @type {string} */ effect) => html`<span class="effect ${effect}"><svg viewBox="0 0 16 16"
  aria-hidden="true">${DISCS[effect]}</svg>${maybe(`affected.${effect}`, effect)}</span>`;

/** Who was told when, and whether it was received. */
function receipt(/** @type {Affected} */ one) {
  if (!one.told_at) return html`<span class="muted">${t('affected.untold')}</span>`;
  const told = t('affected.told', { time: clock(one.told_at, true) });
  const got = one.received_at
    ? t('affected.received', { time: clock(one.received_at, true), who: one.received_by ?? '' })
    : t('affected.waiting');
  return html`<span class="num muted">${told}</span> <span class="num ${one.received_at ? 'ok' : 'warn'}"><i
    aria-hidden="true">${one.received_at ? '✓' : '■'}</i> ${got}</span>`;
}

function row(/** @type {string} */ restriction, /** @type {Affected} */ one) {
  const missing = one.missing.map((name) => maybe(`missing.${name}`, name)).join(t('scene.and'));
  const may = mayDecide() && one.told_at && !one.received_at && one.manager === 'sigang';
  return html`<li data-testid="affected" data-id=${one.id} data-effect=${one.effect}>
    <b>${maybe(`plan.${one.state}`, one.state)} …${one.id.slice(-6)}</b>
    <span class="num muted">${moment(one.time_start, true)} – ${moment(one.time_end, true)}</span>
    ${missing ? html`<span class="warn">${t('air.perhaps', { missing })}</span>` : ''}
    <span class="receipt-line">${receipt(one)}</span>
    ${may ? html`<button class="small" data-testid="affected-receive" ?disabled=${noticeStore.working.value}
      @click=${() => receiveNotice(restriction, one.id)}>${t('affected.receive_for')}</button>` : ''}</li>`;
}

/** The flights that a restriction concerns: inside, uncertain, outside by height. */
export function affectedList(/** @type {string} */ restriction, /** @type {Affected[]} */ all) {
  if (!all.length) return html`<p class="muted" data-testid="affected-none">${t('affected.none')}</p>`;
  const waiting = all.filter((one) => one.told_at && !one.received_at).length;
  const told = all.filter((one) => one.told_at).length;
  return html`<h3 class="part">${t('affected.title', { count: all.length })}</h3>
    <p class="num">${t('affected.receipts', { got: told - waiting, told })}</p>
    ${EFFECTS.map((effect) => {
      const some = all.filter((one) => one.effect === effect);
      return some.length
        ? html`<p>${effectMark(effect)} <b class="num">${some.length}</b></p>
          <ul class="affected">${some.map((one) => row(restriction, one))}</ul>`
        : '';
    })}`;
}

/** Notices that wait for the account's receipt. */
export function noticeList() {
  const open = noticeStore.open.value;
  if (!open.length) return '';
  return html`<section class="overlap" role="alert" data-testid="notices" aria-label=${t('notice.title')}>
    <h3>${t('notice.title')}</h3>
    <ul class="affected">${open.map(notice)}</ul></section>`;
}

const notice = (/** @type {AirNotice} */ one) => html`<li data-testid="notice" data-id=${one.intent_id}>
  ${effectMark(one.effect)} ${maybe(`notice.${one.action}`, one.action)} · …${one.intent_id.slice(-6)}
  <span class="num muted">${moment(one.told_at, true)}</span>
  <div class="actions"><button class="primary" data-testid="notice-receive" ?disabled=${noticeStore.working.value}
      @click=${() => receiveNotice(one.restriction_id, one.intent_id)}>${t('events.acknowledge')}</button>
    <button data-testid="notice-show" @click=${() => showRestriction(one.restriction_id)}>${t('events.show')}</button>
  </div></li>`;
