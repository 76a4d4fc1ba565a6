// @ts-check
/** Marks of verdicts, limits of height and names of zones: a shape and words, never a colour alone. */
import { html, svg } from 'lit';
import { maybe, moment, number, pick, t } from '../../core/i18n.js';
import { flightShown, flightStore } from '../../model/flight.js';

/** @typedef {import('../../core/types.js').Verdict} Verdict */
/** @typedef {import('../../core/types.js').AirLimit} AirLimit */
/** @typedef {import('../../core/types.js').AirZone} AirZone */

/** A shape for each verdict, in a box of 16. @type {Record<string, unknown>} */
const SHAPES = {
  prohibited: svg`<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"></path><path class="ink" d="M4.500 8h7"></path>`,
  needs_approval: svg`<path d="M8 1 15.500 14.500H.500z"></path><path class="ink" d="M8 6v4M8 12.200v.1"></path>`,
  needs_confirmation: svg`<path d="M8 .5 15.500 8 8 15.500.5 8z"></path>
    <path class="ink" d="M8 4.500v4.500M8 11.400v.1"></path>`,
  undetermined: svg`<path d="M1 1h14v14H1z"></path>
    <path class="ink" d="M5.800 6a2.200 2.200 0 1 1 2.800 2.200c-.5.2-.6.5-.6 1.300M8 12v.1"></path>`,
  suitable: svg`<circle cx="8" cy="8" r="7"></circle><path class="ink" d="M4.500 8.300 7 10.800l4.500-5"></path>`,
};

/** Say a verdict; one that nothing stands against is that of what is loaded only. */
export const verdictName = (/** @type {string} */ verdict) => maybe(`verdict.${verdict}`, verdict);

/** Draw a verdict: its shape and its words. */
export const verdictMark = (/** @type {string} */ verdict) =>
  html`<span class="verdict-mark ${verdict}" data-verdict=${verdict}><svg viewBox="0 0 16 16"
    aria-hidden="true">${SHAPES[verdict] ?? SHAPES.undetermined}</svg><span>${verdictName(verdict)}</span></span>`;

/** Say a limit of height; `null` is none at all, a null value one that nobody knows. */
export function limitText(/** @type {AirLimit | null} */ limit, /** @type {'floor' | 'ceiling'} */ which) {
  if (!limit) return t(which === 'floor' ? 'air.ground' : 'air.no_ceiling');
  if (limit.value === null) return t('inspect.null');
  const included = which === 'ceiling' && limit.included ? t('air.included') : '';
  return `${number(limit.value, 1)} ${limit.unit} ${maybe(`datum.short.${limit.datum}`, limit.datum)}${included}`;
}

/** Name a zone, or the ceiling of the aircraft. */
export const zoneName = (/** @type {AirZone} */ zone) =>
  pick({ zh: zone.name_zh, en: zone.name_en }) || `${zone.sort} ${zone.level}`;

/** Name the categories of ground of which nothing is loaded. */
export const unknownNames = (/** @type {string[]} */ unknown) =>
  unknown.map((name) => maybe(`ground.${name}`, name)).join(t('scene.and'));

/** The answer on show in one line, for a print or a picture; with what is not loaded. */
export function answerFact() {
  const answer = flightShown() ? flightStore.answer.value : null;
  if (!answer) return null;
  const { unknown } = answer.ground;
  return [
    `${t('air.answer')}: ${verdictName(answer.verdict)}`,
    unknown.length ? t('air.not_loaded', { names: unknownNames(unknown) }) : '',
    moment(answer.at),
    `${t('air.number')} ${answer.id}`,
  ].filter(Boolean).join(' · ');
}
