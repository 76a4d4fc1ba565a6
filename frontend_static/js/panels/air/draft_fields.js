// @ts-check
/** Fields that a flight and a restriction share: where, how high; each says what is wrong with it. */
import { html } from 'lit';
import { DATUMS, writePlaces } from '../../core/air.js';
import { explain } from '../../core/api.js';
import { maybe, t } from '../../core/i18n.js';
import { drawStore, startDraw } from '../../model/draw.js';
import { middle } from '../../model/process.js';
import { openDrawer } from '../../model/shell.js';
import { icon } from '../widgets.js';

/** @typedef {import('../../core/air.js').Draft} Draft */
/** @typedef {import('../../core/air.js').Shape} Shape */

const MODES = /** @type {const} */ ({ point: 'point', line: 'line', area: 'polygon' });
const target = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target);

/**
 * @typedef {object} Form
 * @property {'flight' | 'restriction'} goal
 * @property {Required<Draft>} draft
 * @property {(fields: Draft) => void} set
 * @property {keyof Draft | null} wrong the field that the server refused
 * @property {unknown} error why
 */

/** Say why a field was refused: what it must be where it is of no use at all, else the server's words. */
function why(/** @type {Form} */ { wrong, error }) {
  const body = /** @type {any} */ (error)?.body ?? {};
  const said = explain(error).replace(/^\/[\w/]+[:：]\s*/, '');
  return body.invalid ? maybe(`air.must.${wrong}`, said) : said;
}

/** Label a control; the one that was refused says why. */
export function labelled(/** @type {Form} */ form, /** @type {keyof Draft} */ name, /** @type {unknown} */ control) {
  const wrong = form.wrong === name;
  const label = t(/** @type {any} */ (`air.field.${name}`));
  return html`<label class="field ${wrong ? 'wrong' : ''}"><span>${label}</span>${control}</label>
    ${wrong ? html`<p class="failure" role="alert" id="${form.goal}-${name}-why"
      data-testid="field-error" data-field=${name}>${why(form)}</p>` : ''}`;
}

const described = (/** @type {Form} */ form, /** @type {string} */ name) =>
  form.wrong === name ? `${form.goal}-${name}-why` : '';

/** A line of text; what is typed is kept at every stroke. */
export function textField(/** @type {Form} */ form, /** @type {keyof Draft} */ name, hint = '', most = 120) {
  return labelled(form, name, html`<input type="text" name=${name} data-testid="${form.goal}-${name}" maxlength=${most}
    placeholder=${hint} autocomplete="off" .value=${form.draft[name]} aria-invalid=${form.wrong === name}
    aria-describedby=${described(form, name)}
    @input=${(/** @type {Event} */ e) => form.set({ [name]: target(e).value })} />`);
}

/** Several lines of text. */
export function linesField(/** @type {Form} */ form, /** @type {keyof Draft} */ name, hint = '', rows = 2) {
  return labelled(form, name, html`<textarea name=${name} data-testid="${form.goal}-${name}" rows=${rows}
    spellcheck="false" placeholder=${hint} .value=${form.draft[name]} aria-invalid=${form.wrong === name}
    aria-describedby=${described(form, name)}
    @input=${(/** @type {Event} */ e) => form.set({ [name]: target(e).value })}></textarea>`);
}

/**
 * One of a few words.
 *
 * @param {Form} form @param {keyof Draft} name @param {readonly string[]} options
 * @param {(option: string) => string} say
 */
export function choiceField(form, name, options, say) {
  return labelled(form, name, html`<select name=${name} data-testid="${form.goal}-${name}"
    aria-invalid=${form.wrong === name} aria-describedby=${described(form, name)}
    @change=${(/** @type {Event} */ e) => form.set({ [name]: target(e).value })}>
    ${options.map((one) => html`<option value=${one} ?selected=${one === form.draft[name]}>${say(one)}</option>`)}
  </select>`);
}

/** Where: drawn on the map, or typed as longitude and latitude. */
export function placeFields(/** @type {Form} */ form, /** @type {readonly Shape[]} */ shapes) {
  const { draft, goal } = form;
  const { mode, goal: drawing } = drawStore.state.value;
  const on = mode !== null && drawing === goal;
  const draw = () => {
    openDrawer(null);
    startDraw(on ? null : MODES[draft.shape], goal);
  };
  const choose = (/** @type {Shape} */ shape) => () => {
    form.set({ shape });
    if (on) startDraw(MODES[shape], goal);
  };
  const here = () => form.set({ places: [draft.shape === 'point' ? '' : draft.places, writePlaces([middle()])]
    .filter(Boolean).join('\n') });
  return html`<div class="segments thirds" role="radiogroup" aria-label=${t('air.field.shape')}>
      ${shapes.map((shape) => html`<label class="segment"><input type="radio" name="${goal}-shape" value=${shape}
        data-testid="${goal}-shape-${shape}" .checked=${draft.shape === shape}
        @change=${choose(shape)} /><span>${t(shape === 'point' && goal === 'restriction'
          ? 'air.shape.circle' : `air.shape.${shape}`)}</span></label>`)}</div>
    <div class="actions">
      <button type="button" data-testid="${goal}-draw" aria-pressed=${on}
        @click=${draw}>${icon('area')}${t(on ? 'air.drawing' : 'air.draw')}</button>
      <button type="button" data-testid="${goal}-middle" @click=${here}>${icon('target')}${t('air.middle')}</button>
    </div>
    ${linesField(form, 'places', t('scene.lines_of_places'), draft.shape === 'point' ? 1 : 3)}
    ${draft.shape === 'area' ? '' : sizeField(form)}`;
}

const sizeField = (/** @type {Form} */ form) => html`<label class="field ${form.wrong === 'size' ? 'wrong' : ''}">
    <span>${t(form.draft.shape === 'line' ? 'air.width' : 'air.radius')}</span>
    <input type="text" inputmode="decimal" name="size" data-testid="${form.goal}-size" autocomplete="off"
      .value=${form.draft.size} aria-invalid=${form.wrong === 'size'} aria-describedby=${described(form, 'size')}
      @input=${(/** @type {Event} */ e) => form.set({ size: target(e).value })} /></label>
  ${form.wrong === 'size' ? html`<p class="failure" role="alert" id="${form.goal}-size-why" data-testid="field-error"
    data-field="size">${why(form)}</p>` : ''}`;

/** How high, from and to, above what. */
export function heightFields(/** @type {Form} */ form) {
  const { draft, goal } = form;
  const none = { lower: t('air.ground'), upper: goal === 'flight' ? t('air.field.upper') : t('air.no_ceiling') };
  const one = (/** @type {'lower' | 'upper'} */ name) => html`<input type="text" inputmode="decimal" name=${name}
    data-testid="${goal}-${name}" aria-label=${t(`air.field.${name}`)} autocomplete="off" .value=${draft[name]}
    placeholder=${none[name]}
    aria-invalid=${form.wrong === name} aria-describedby=${described(form, name)}
    @input=${(/** @type {Event} */ e) => form.set({ [name]: target(e).value })} />`;
  const wrong = form.wrong === 'lower' || form.wrong === 'upper';
  const select = (/** @type {'datum' | 'unit'} */ name, /** @type {readonly string[]} */ options) => html`<select
    name=${name} data-testid="${goal}-${name}" aria-label=${t(`air.field.${name}`)}
    @change=${(/** @type {Event} */ e) => form.set({ [name]: target(e).value })}>
    ${options.map((value) => html`<option value=${value} ?selected=${value === draft[name]}>${name === 'datum'
      ? t(/** @type {any} */ (`datum.${value}`)) : value}</option>`)}</select>`;
  return html`<fieldset class="field heights ${wrong ? 'wrong' : ''}">
      <legend>${t('air.field.heights')}</legend>
      <div class="pair">${one('lower')}<span aria-hidden="true">–</span>${one('upper')}</div>
      <div class="pair datum">${select('datum', DATUMS)}${select('unit', ['m', 'ft'])}</div></fieldset>
    ${wrong ? html`<p class="failure" role="alert" id="${goal}-${form.wrong}-why" data-testid="field-error"
      data-field=${form.wrong}>${why(form)}</p>` : ''}
    ${draft.datum === 'STD' || draft.qnh ? textField(form, 'qnh', 'hPa', 8) : ''}`;
}

/** What was refused and points at no field. */
export const formFailure = (/** @type {Form} */ form) =>
  (form.error && !form.wrong
    ? html`<p class="failure" role="alert" data-testid="${form.goal}-error">${explain(form.error)}</p>`
    : '');

/** Put the cursor into the field that was refused. */
export function focusWrong(/** @type {HTMLElement} */ element) {
  const field = /** @type {HTMLElement | null} */ (element.querySelector('[aria-invalid=true]'));
  if (field && !field.matches(':focus')) field.focus();
}
