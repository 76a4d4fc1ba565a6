// @ts-check
/** How limits of waterways are said: what there is, above which level, what the vessel needs, who says so. */
import { html } from 'lit';
import { maybe, number, pick, t } from '../../core/i18n.js';
import { badge } from '../widgets.js';

/** @typedef {import('../../core/types.js').WaterEdge} WaterEdge */
/** @typedef {import('../../core/types.js').WaterLimit} WaterLimit */

export const limitName = (/** @type {string} */ kind) => maybe(`water.limit.${kind}`, kind);
const unit = (/** @type {string} */ kind) => (kind === 'tonnage' ? 't' : 'm');
const figure = (/** @type {number | null | undefined} */ value, /** @type {string} */ kind) =>
  (value === null || value === undefined ? '?' : `${number(value, 2)} ${unit(kind)}`);

export const edgeName = (/** @type {WaterEdge} */ { name, edge }) =>
  pick(name) || t('why.unnamed', { id: edge.slice(-6) });

/** A limit that refuses or is not known. */
export function limitRow(/** @type {WaterLimit} */ limit) {
  const { kind, verdict, available, needed, gauge } = limit;
  const there = available ? figure(available.most ?? limit.value, kind) : figure(limit.value, kind);
  const level = gauge?.level_m?.p50;
  return html`<span class="num" data-verdict=${verdict}>${limitName(kind)} <b
      class=${verdict === 'refused' ? 'bad' : 'warn'}>${there}</b>${needed === null || needed === undefined ? ''
        : html` · ${t('water.needed')} ${figure(needed, kind)}`}${gauge
        ? html`<br /><small class="muted">${pick(gauge.name) || gauge.code} ${level === null || level === undefined
          ? t('water.no_level') : `${number(level, 2)} m`} (${gauge.datum ?? '?'})</small>` : ''}</span>`;
}

/** What of an edge is in the way: its own limits, and its structures with each opening. */
export function edgeRows(/** @type {WaterEdge} */ edge) {
  const bad = (/** @type {WaterLimit[]} */ limits) => limits.filter(({ verdict }) => verdict !== 'passes');
  return html`<b>${edgeName(edge)}</b> ${edge.origin ? badge(edge.origin, { bare: true }) : ''}
    ${bad(edge.limits).map(limitRow)}
    ${edge.structures.map((one) => html`<span class="structure">${pick(one.name)}</span>
      ${one.openings.map((opening) => html`<span class="opening"><span
        class="muted">${pick(opening.name) || (opening.number ? `#${opening.number}` : '')}</span>
        ${bad(opening.limits).map(limitRow)}</span>`)}`)}`;
}
