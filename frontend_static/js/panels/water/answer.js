// @ts-check
/** The answer to a voyage: may it, when is it there, what is not known, its locks and bridges, its profile. */
import { html } from 'lit';
import { duration, moment, number, pick, t } from '../../core/i18n.js';
import { chooseWay, voyageStore } from '../../model/voyage.js';
import { icon } from '../widgets.js';
import { limitName } from './limits.js';
import { profile } from './profile.js';
import { edgeList } from './refusal.js';

/** @typedef {import('../../core/types.js').VoyageProperties} VoyageProperties */
/** @typedef {import('../../core/types.js').Missing} Missing */

const SIGN = { passes: 'check', cannot_tell: 'info', refused: 'barrier' };

/** The verdict, by sign and word as well as by colour. */
export const verdict = (/** @type {VoyageProperties['answer']} */ said) => html`<p class="water-verdict ${said}"
  data-testid="water-verdict" data-answer=${said}>${icon(SIGN[said])}<b>${t(`water.answer.${said}`)}</b></p>`;

/** One value that is missing, and how much of it would do. */
function missingRow(/** @type {Missing} */ one) {
  const what = one.what === 'level' ? t('water.missing_level')
    : one.what === 'vessel' ? t('water.missing_vessel', { size: one.size ?? '' })
      : one.what === 'survey' ? t('water.missing_survey') : limitName(one.kind ?? '');
  const where = pick(one.structure?.name) || (one.gauge ? pick(one.gauge.name) : '');
  const enough = one.at_least === null || one.at_least === undefined ? ''
    : ` ≥ ${number(one.at_least, 2)} ${one.kind === 'tonnage' ? 't' : 'm'}`;
  return html`<li data-testid="water-missing"><b>${what}${enough}</b> ${where}
    <span class="muted">${t('water.on_edges', { count: number(one.edges.length) })}</span></li>`;
}

function eta(/** @type {VoyageProperties} */ { eta: told, length_m: length }) {
  const { p10, p50, p90 } = told.with_locks_s;
  const range = p10 === p90 ? '' : ` (${duration(p10)}–${duration(p90)})`;
  return html`<p class="water-eta"><b class="num">${moment(told.arrive_at)}</b> ·
    <span class="num">${duration(p50)}${range} · ${number(length / 1000, 1)} km</span>
    ${told.waits_unknown.length ? html`<br /><span class="warn">${t('water.waits_unknown', {
      count: told.waits_unknown.length })}</span>` : ''}</p>`;
}

function structures(/** @type {VoyageProperties} */ { structures: all }) {
  if (!all.length) return '';
  const locks = all.filter(({ lock }) => lock).length;
  const sizes = (/** @type {Record<string, number>} */ one) =>
    Object.entries(one).map(([kind, value]) => `${limitName(kind)} ${number(value, 1)}`).join(' · ');
  const told = (/** @type {typeof all[number]} */ one) =>
    one.openings.map((opening) => sizes(opening.sizes)).filter(Boolean).join('；');
  const summary = t('water.structures', { locks, count: all.length - locks });
  return html`<details data-testid="water-structures"><summary>${summary}</summary><ol class="structures">
    ${all.map((one) => html`<li><b>${pick(one.name) || one.kind}</b>
      <span class="num muted">${told(one)}</span></li>`)}</ol></details>`;
}

/** The answer that is on show, or nothing. */
export function answer() {
  const ways = voyageStore.answer.value?.features ?? [];
  const rank = Math.min(voyageStore.choice.value, ways.length - 1);
  const way = ways[rank];
  if (!way) return '';
  const said = way.properties;
  return html`<article class="water-answer" data-testid="water-answer" aria-live="polite">
    ${verdict(said.answer)}
    ${ways.length > 1 ? html`<div class="segments" role="radiogroup" aria-label=${t('water.ways')}>
      ${ways.map((_, at) => html`<label class="segment"><input type="radio" name="water-way" .checked=${at === rank}
        @change=${() => chooseWay(at)} /><span>${t('path.option', { n: at + 1 })}</span></label>`)}
      </div>` : ''}
    ${eta(said)}
    ${said.missing.length ? html`<h4>${t('water.missing')}</h4><ul class="missing">${said.missing.map(missingRow)}</ul>`
      : ''}
    ${said.papers?.length ? html`<h4>${t('water.papers')}</h4><ul>${said.papers.map((paper) =>
      html`<li><b>${paper.kind}: ${paper.fault}</b> <span class="muted">${paper.article}</span></li>`)}</ul>` : ''}
    ${said.doubts.length ? html`<details><summary>${t('water.doubts', { count: said.doubts.length })}</summary>
      ${edgeList(said.doubts)}</details>` : ''}
    ${structures(said)}
    ${profile(said)}
  </article>`;
}
