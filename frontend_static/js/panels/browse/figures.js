// @ts-check
/** The parts of a number that opens its rows: value, both sides, change, what an index is made of. */
import { html } from 'lit';
import { number, pick, t } from '../../core/i18n.js';
import { openRows, rowsOf } from '../../model/scenarios.js';

/** @typedef {import('../../core/types.js').Opening} Opening */
/** @typedef {import('../../core/types.js').IndexValue} IndexValue */
/** @typedef {import('../../core/types.js').UnitValue} UnitValue */
/** @typedef {{ title: string, unit: string, digits: number, better: string | null }} Figure */

const linkOf = (/** @type {Opening[]} */ links, /** @type {string} */ rel) => links.find((link) => link.rel === rel);

/** Text that opens the rows of a link: in the table where the map has their layer, else as the API has them. */
export function opener(
  /** @type {Opening | undefined} */ link,
  /** @type {unknown} */ text,
  /** @type {{ id: string, label: string, count?: number | null }} */ { id, label, count },
) {
  if (!link) return text;
  if (!rowsOf(link)) return html`<a href=${link.href} target="_blank" rel="noreferrer">${text}</a>`;
  return html`<button class="opens" data-testid=${id} data-sum=${link.sum ?? ''} data-count=${count ?? ''}
    title=${label} aria-label=${label} @click=${() => openRows(link)}>${text}</button>`;
}

/** A value, the rows that it counts, both sides and the change against the last period. */
export function figure(/** @type {Figure} */ one, /** @type {UnitValue} */ total) {
  if (total.value === null) {
    const why = t(total.suppressed ? 'scene.suppressed' : 'scene.no_cases');
    return html`<p class="figure"><span class="muted">${why}</span> ${sides(one, total)}</p>`;
  }
  const text = number(total.value, one.digits);
  const open = linkOf(total.links, 'numerator');
  const label = `${t('scene.open', { title: one.title })}: ${text} ${one.unit}`;
  const shown = html`<b class="num">${text}</b> <small>${one.unit}</small>`;
  return html`<p class="figure">
    ${opener(open, shown, { id: 'number-open', label, count: total.numerator })}
    ${sides(one, total)} ${change(one, total)}</p>`;
}

/** Both sides of a share, each with its rows. */
function sides(/** @type {Figure} */ one, /** @type {UnitValue} */ { numerator, denominator, links }) {
  if (numerator === null || denominator === null) return '';
  const side = (/** @type {string} */ rel, /** @type {number} */ count) => {
    const title = `${one.title} – ${t(rel === 'numerator' ? 'scene.numerator' : 'scene.denominator')}`;
    const label = `${t('scene.open', { title })}: ${number(count)}`;
    return opener(linkOf(links, rel), number(count, 3), { id: `number-${rel}`, label, count });
  };
  return html`<span class="num sides">${side('numerator', numerator)} / ${side('denominator', denominator)}</span>`;
}

/** The change against the last period, by arrow, sign and colour. */
function change(/** @type {Figure} */ one, /** @type {UnitValue} */ { value, previous }) {
  if (value === null || previous === null) return '';
  const by = value - previous;
  const same = number(Math.abs(by), one.digits) === '0';
  if (same) return html`<span class="muted" data-testid="number-change">${t('scene.unchanged')}</span>`;
  const good = by > 0 === (one.better === 'higher');
  const look = one.better === null ? 'plain' : good ? 'ok' : 'warn';
  return html`<span class=${look} data-testid="number-change" title=${t('scene.change')}><i
    aria-hidden="true">${by > 0 ? '▲' : '▼'}</i> <span class="sr">${t('scene.change')} </span><span
    class="num">${by > 0 ? '+' : '−'}${number(Math.abs(by), one.digits)}</span></span>`;
}

/** What an index is made of, and what caps it; `titleOf` names an indicator. */
export function decomposed(
  /** @type {IndexValue} */ { parts, vetoes, raw },
  /** @type {(id: string) => string} */ titleOf,
) {
  const row = (/** @type {IndexValue['parts'][number]} */ part) => {
    const title = titleOf(part.indicator);
    const label = t('scene.open', { title });
    return html`<tr><th scope="row">${opener(linkOf(part.links, 'numerator'), title, { id: 'part-open', label })}</th>
      <td class="num">${shown(part.score)}</td><td class="num">${number(part.weight, 3)}</td>
      <td class="num">${shown(part.gives)}</td></tr>`;
  };
  return html`<table class="plain-table"><thead><tr><th scope="col">${t('scene.part')}</th>
      <th scope="col" class="numeric">${t('scene.score')}</th>
      <th scope="col" class="numeric">${t('scene.weight')}</th>
      <th scope="col" class="numeric">${t('scene.gives')}</th></tr></thead>
    <tbody>${parts.map(row)}</tbody></table>
    ${vetoes.map((veto) => {
      const title = pick(veto.title);
      const label = `${t('scene.open', { title })}: ${number(veto.value)}`;
      const text = t('scene.veto', { title, value: number(veto.value), cap: veto.cap, raw: shown(raw) });
      const link = linkOf(veto.links, 'numerator');
      const rows = opener(link, text, { id: 'veto-open', label, count: veto.value });
      return html`<p class="bad" data-testid="veto">${rows}</p>`;
    })}`;
}

const shown = (/** @type {number | null} */ value) => (value === null ? '–' : number(value, 2));
