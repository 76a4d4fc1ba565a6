// @ts-check
/** What is shown: surface, what is counted, period. */
import { html } from 'lit';
import { EVENTS, EXPOSURES, cellsOf, isDay } from '../../core/heat.js';
import { maybe, pick, t } from '../../core/i18n.js';
import {
  beforePeriod, comparedPeriods, heatDays, heatLayer, heatStore, heatSurface, heatTrouble, setHeat, swipeBetween,
} from '../../model/heat.js';
import { kindNames } from './said.js';

/** @typedef {import('../../core/heat.js').Asked} Asked */

const valueOf = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;

/** The surfaces, one of which is shown. */
function surfaces() {
  const now = heatSurface.value?.surface;
  return html`<div class="heat-surfaces" role="radiogroup" aria-label=${t('heat.surface')}>
    ${heatLayer.value?.surfaces.map(({ surface, title }) => html`<label class="segment" title=${pick(title)}>
      <input type="radio" name="heat-surface" value=${surface} data-testid="heat-surface-${surface}"
        .checked=${surface === now} @change=${() => setHeat({ surface })} />
      <span>${maybe(`heat.surface.${surface}`, pick(title))}</span></label>`)}</div>`;
}

/**
 * A choice of one of few words.
 *
 * @param {keyof Asked} name @param {readonly string[]} options @param {(one: string) => string} say
 */
const pickOne = (name, options, say) => html`<label class="field"><span>${maybe(`heat.${name}`, name)}</span>
  <select data-testid="heat-${name}" @change=${(/** @type {Event} */ e) => setHeat({ [name]: valueOf(e) })}>
    ${options.map((one) => html`<option value=${one}
      ?selected=${one === heatStore.asked.value[name]}>${say(one)}</option>`)}
  </select></label>`;

/** Kinds of cases, one or all. */
function kinds() {
  const values = kindNames();
  if (heatStore.asked.value.events !== 'case' || !values) return '';
  return pickOne('kinds', ['', ...Object.keys(values)], (one) => (one ? pick(values[one]) : t('heat.all_kinds')));
}

const said = (/** @type {string} */ kind) => (/** @type {string} */ one) => maybe(`heat.${kind}.${one}`, one);

/** A day as it is typed; what is none says so and is not asked for. */
export function dayField(/** @type {'since' | 'until' | 'before' | 'before_until'} */ name) {
  const typed = heatStore.asked.value[name];
  const wrong = typed !== '' && !isDay(typed);
  const other = (comparedPeriods.value?.[1] ?? beforePeriod.value)?.[name === 'before' ? 0 : 1];
  const usual = heatDays.value?.[name === 'since' ? 0 : 1] ?? '';
  return html`<input type="text" inputmode="numeric" autocomplete="off" maxlength="10" data-testid="heat-${name}"
    aria-label=${t(`heat.${name}`)} placeholder=${name.startsWith('before') ? other ?? t('heat.day') : usual}
    .value=${typed} aria-invalid=${wrong} title=${wrong ? t('heat.wrong_day') : ''}
    @change=${(/** @type {Event} */ e) => setHeat({ [name]: valueOf(e).trim() })} />`;
}

/** The other period, and the handle between both. */
export function comparison() {
  const { swipe } = heatStore.asked.value;
  const single = !beforePeriod.value || comparedPeriods.value !== null;
  return html`<fieldset class="field heat-period"><legend>${t('heat.compared')}</legend>
      ${dayField('before')}<span aria-hidden="true">–</span>${dayField('before_until')}</fieldset>
    <label class="check"><input type="checkbox" data-testid="heat-swipe" .checked=${swipe !== ''}
      ?disabled=${single} @change=${(/** @type {any} */ e) => swipeBetween(e.target.checked)} />
      <span>${t('heat.swipe')}</span></label>`;
}

/** Surface, measures and period. */
export function choice() {
  const trouble = heatTrouble.value;
  const { since, until } = heatStore.asked.value;
  const wrong = [since, until].some((typed) => typed !== '' && !isDay(typed));
  return html`<div class="heat-choice">
    ${surfaces()}
    ${pickOne('events', EVENTS, said('event'))}
    ${kinds()}
    ${pickOne('exposure', EXPOSURES, said('looks'))}
    ${pickOne('cells', cellsOf(heatSurface.value?.surface ?? ''), said('cells'))}
    <fieldset class="field heat-period"><legend>${t('heat.period')}</legend>
      ${dayField('since')}<span aria-hidden="true">–</span>${dayField('until')}</fieldset>
    <p class="hint">${t('heat.until_note')}</p>
    ${wrong ? html`<p class="failure" role="alert" data-testid="heat-wrong-day">${t('heat.wrong_day')}</p>` : ''}
    ${trouble ? html`<p class="failure" role="alert" data-testid="heat-trouble">${t(trouble)}</p>` : ''}
  </div>`;
}
