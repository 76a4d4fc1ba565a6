// @ts-check
/** How the desk of shipments says intervals, modes and chances. */
import { html } from 'lit';
import { moment, number, pick, t } from '../../core/i18n.js';
import { modeColour } from '../../map/colours.js';
import { shellStore } from '../../model/shell.js';
import { hubName } from './hub_field.js';

/** @typedef {import('../../core/linkage.js').Interval} Interval */
/** @typedef {import('../../core/linkage.js').Leg} Leg */
/** @typedef {import('../../core/linkage.js').Mode} Mode */

/** An interval with its unit; where nobody knows the upper end, that is said. */
export function span(/** @type {Interval} */ { low, high }, /** @type {string} */ unit, digits = 0) {
  const from = number(low, digits);
  if (high === null) return t('link.at_least', { low: from, unit });
  const to = number(high, digits);
  return from === to ? `${from} ${unit}` : `${from}–${to} ${unit}`;
}

export const cost = (/** @type {Interval} */ one) => span(one, t('link.unit.cost'));
export const co2 = (/** @type {Interval} */ one) => span(one, t('link.unit.co2'), 1);

/** A mode as a sign in its colour, with its name. */
export function mode(/** @type {Mode} */ name, bare = false) {
  const colour = modeColour(name, shellStore.theme.value);
  return html`<span class="mode" data-mode=${name} style="--mode:${colour}"><i aria-hidden="true">${
    t(`link.glyph.${name}`)}</i><span class=${bare ? 'sr' : ''}>${t(`link.mode.${name}`)}</span></span>`;
}

/** Modes in their order. */
export const chain = (/** @type {{ mode: Mode }[]} */ legs) => html`<span class="mode-chain">${legs.map((leg, at) =>
  html`${at ? html`<span aria-hidden="true">→</span>` : ''}${mode(leg.mode)}`)}</span>`;

/** The service of a leg; by road there is none. */
export const serviceOf = (/** @type {Leg} */ leg) =>
  leg.service ? pick({ zh: leg.service_name_zh, en: leg.service_name_en }) || leg.service : t('link.by_road');

/** Where a leg begins or ends; null is the start or the goal itself. */
export const placeName = (/** @type {string | null} */ hub, /** @type {'start' | 'goal'} */ side) =>
  hub === null ? t(`link.${side}`) : hubName(hub);

export const when = (/** @type {string | number} */ at) => moment(at, true);

export const percent = (/** @type {number} */ share) => `${number(share * 100)} %`;
