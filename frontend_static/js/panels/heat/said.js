// @ts-check
/** What is shown, in words: of which days and hours, what is counted beside what, cut into which cells. */
import { DAY_HOURS, readHours } from '../../core/heat.js';
import { maybe, pick, t } from '../../core/i18n.js';
import { comparedPeriods, heatQuestion } from '../../model/heat.js';
import { findLayer } from '../../model/layers.js';
import { sessionStore } from '../../model/session.js';

/** Where the kinds of cases have their names. */
const KINDS_OF = { layer: 'cases', column: 'violation' };

/** Names of the kinds of cases by their codes, where they are known. */
export const kindNames = () =>
  findLayer(KINDS_OF.layer)?.columns.find(({ name }) => name === KINDS_OF.column)?.values;

/** Hours of the week in words: those of each day where all days have the same, else how many. */
function hoursText(/** @type {string} */ text) {
  const hours = readHours(text);
  const days = Array.from({ length: 7 }, (_, day) =>
    hours.filter((hour) => Math.floor(hour / DAY_HOURS) === day).map((hour) => hour % DAY_HOURS).join(','));
  const same = days.every((day) => day === days[0]);
  return same ? t('heat.said.daily', { hours: days[0].replaceAll(',', ' ') })
    : t('heat.said.hours', { count: hours.length });
}

/** The days of a period in words. */
const periodText = (/** @type {Record<string, string>} */ { since, until }) =>
  (since && until ? t('heat.shown', { since, until }) : t('heat.shown_all'));

/** The days that are counted: whole months where hours of the week are chosen. */
export function daysText() {
  const { before, before_until: end, ...now } = heatQuestion.value ?? {};
  const shown = periodText(now);
  return comparedPeriods.value && before && end
    ? `${shown}${t('heat.shown_before', { since: before, until: end })}` : shown;
}

const eventName = (/** @type {string} */ events) => maybe(`heat.event.${events}`, events);

/** Kinds and hours in words, blank where all are counted. */
function narrowedTexts(/** @type {Record<string, string>} */ { kinds, hours }) {
  const names = kindNames();
  const kind = kinds?.split(',').map((one) => (names?.[one] ? pick(names[one]) : one)).join('、');
  return [kind ?? '', hours ? hoursText(hours) : ''];
}

/** What is counted, of which hours, in which cells. */
export function countedText() {
  const { events = '', exposure = '', cells = 'zorder', ...rest } = heatQuestion.value ?? {};
  const looked = maybe(`heat.looks.${exposure}`, exposure);
  return [
    t('heat.said.per', { events: eventName(events), exposure: looked }),
    ...narrowedTexts(rest), maybe(`heat.cells.${cells}`, cells), partText(),
  ].filter(Boolean).join(' · ');
}

/** That records elsewhere are not all there is, to whom that is so. */
const partText = () => (/^\d\d0000$/.test(sessionStore.account.value?.scope ?? '') ? '' : t('heat.part'));

/** What a result is of that was asked for once: days, events (per exposure where it counts), kinds, hours. */
export function recordsText(/** @type {Record<string, string>} */ question, /** @type {boolean} */ byExposure) {
  const { events = '', exposure = '' } = question;
  const counted = byExposure
    ? t('heat.said.per', { events: eventName(events), exposure: maybe(`heat.looks.${exposure}`, exposure) })
    : eventName(events);
  return [periodText(question), counted, ...narrowedTexts(question)].filter(Boolean).join(' · ');
}
