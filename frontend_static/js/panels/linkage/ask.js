// @ts-check
/** The question: from where to where, what, when, and what must be kept to; each field says what is wrong with it. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { INPUT_PATTERN, t } from '../../core/i18n.js';
import { KINDS, MODES, askable } from '../../core/linkage.js';
import { askLinkage, linkageStore, setShipment, swapShipment, wrongField } from '../../model/linkage.js';
import { icon } from '../widgets.js';
import './hub_field.js';
import { mode } from './words.js';

/** @typedef {import('../../core/linkage.js').Draft} Draft */

const value = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value.trim();

/** Why a field was refused: what it must be, where it is of no use at all, else the server's words. */
export function why(/** @type {keyof Draft} */ name) {
  if (wrongField.value !== name) return '';
  const error = linkageStore.error.value;
  const invalid = /** @type {any} */ (error)?.body?.invalid;
  const said = explain(error).replace(/^\w+[:：]\s*/, '');
  return html`<p class="failure" role="alert" id="link-${name}-why" data-testid="link-wrong" data-field=${name}>${
    invalid ? t(/** @type {any} */ (`link.must.${name}`)) : said}</p>`;
}

/** @param {keyof Draft} name @param {unknown} control */
const field = (name, control) => html`<label class="field"><span>${t(/** @type {any} */ (`link.${name}`))}</span>${
  control}</label>${why(name)}`;

function numeral(/** @type {'teu' | 'mass' | 'transfers'} */ name) {
  return field(name, html`<input type="number" step="any" min="0" inputmode="decimal" data-testid="link-${name}"
    aria-invalid=${wrongField.value === name} .value=${linkageStore.draft.value[name]}
    @change=${(/** @type {Event} */ e) => setShipment({ [name]: value(e) })} />`);
}

function time(/** @type {'ready' | 'latest'} */ name) {
  return field(name, html`<input type="text" class="num" pattern=${INPUT_PATTERN} data-testid="link-${name}"
    placeholder=${t(`link.${name}_blank`)} title="2026-12-01 08:00" aria-invalid=${wrongField.value === name}
    .value=${linkageStore.draft.value[name]}
    @change=${(/** @type {Event} */ e) => setShipment({ [name]: value(e) })} />`);
}

function bans() {
  const banned = linkageStore.draft.value.ban.split(',').filter(Boolean);
  const turn = (/** @type {string} */ name) => {
    const next = banned.includes(name) ? banned.filter((one) => one !== name) : [...banned, name];
    setShipment({ ban: next.join(',') });
  };
  return html`<fieldset class="link-bans"><legend>${t('link.ban')}</legend>${MODES.map((name) =>
    html`<label class="check"><input type="checkbox" data-testid="link-ban-${name}" .checked=${banned.includes(name)}
      @change=${() => turn(name)} />${mode(name)}</label>`)}</fieldset>${why('ban')}`;
}

const submit = (/** @type {Event} */ event) => {
  event.preventDefault();
  askLinkage();
};

/** The form. */
export function ask() {
  const draft = linkageStore.draft.value;
  const side = (/** @type {'start' | 'goal'} */ name) => html`<sg-hub-field .side=${name}
    .wrong=${wrongField.value === name}></sg-hub-field>${why(name)}`;
  return html`<form class="link-form" data-testid="link-form" @submit=${submit}>
    ${side('start')}${side('goal')}
    <div class="link-fields">${numeral('teu')}${numeral('mass')}
      ${field('kind', html`<select data-testid="link-kind" .value=${draft.kind}
        @change=${(/** @type {Event} */ e) => setShipment({ kind: value(e) })}>${KINDS.map((kind) =>
        html`<option value=${kind} ?selected=${kind === draft.kind}>${t(`link.cargo.${kind}`)}</option>`)}</select>`)}
      ${numeral('transfers')}${time('ready')}${time('latest')}</div>
    ${bans()}
    <div class="actions"><button class="primary" data-testid="link-ask" ?disabled=${!askable(draft)}>${
      t('link.ask')}</button>
      <button type="button" data-testid="link-swap" @click=${swapShipment}>${icon('swap')}<span>${
        t('link.swap')}</span></button></div>
  </form>`;
}
