// @ts-check
/** <sg-numbers>: the numbers of the open scenario; each opens the rows that it counts. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { moment, number, pick, t } from '../../core/i18n.js';
import { badge, busy, failure } from '../widgets.js';
import { loadNumbers, openRows, rowsOf, scenarioStore } from '../../model/scenarios.js';
import './sparkline.js';

/** @typedef {import('../../core/types.js').Scenario} Scenario */
/** @typedef {import('../../core/types.js').Tile} Tile */
/** @typedef {import('../../core/types.js').Opening} Opening */
/** @typedef {import('../../core/types.js').IndexValue} IndexValue */

const digitsOf = (/** @type {string} */ id) => scenarioStore.indicators.value?.[id]?.digits ?? 1;
const titleOf = (/** @type {string} */ id) => pick(scenarioStore.indicators.value?.[id]?.title) || id;
const linkOf = (/** @type {Opening[]} */ links, /** @type {string} */ rel) => links.find((link) => link.rel === rel);

/** Text that opens the rows of a link: in the table where the map has their layer, else as the API has them. */
function opener(
  /** @type {Opening | undefined} */ link,
  /** @type {unknown} */ text,
  /** @type {{ id: string, label: string, count?: number | null }} */ { id, label, count },
) {
  if (!link) return text;
  if (!rowsOf(link)) return html`<a href=${link.href} target="_blank" rel="noreferrer">${text}</a>`;
  return html`<button class="opens" data-testid=${id} data-sum=${link.sum ?? ''} data-count=${count ?? ''}
    title=${label} aria-label=${label} @click=${() => openRows(link)}>${text}</button>`;
}

class Numbers extends Part {
  render() {
    const error = scenarioStore.numbersError.value;
    const numbers = scenarioStore.page.value?.numbers ?? [];
    const tiles = scenarioStore.tiles.value;
    const known = scenarioStore.indicators.value;
    const waiting = !error && (!known || numbers.some(({ indicator }) => known[indicator] && !tiles[indicator]));
    return html`${busy(waiting)}${error ? failure(error, loadNumbers, 'numbers-retry') : ''}
      <ul class="numbers">${numbers.map((one) => this.number(one, tiles[one.indicator]))}</ul>`;
  }

  number(/** @type {Scenario['numbers'][number]} */ one, /** @type {Tile | undefined} */ tile) {
    const points = scenarioStore.series.value[one.indicator];
    const known = scenarioStore.indicators.value;
    return html`<li class="number" data-testid="number-${one.indicator}" data-value=${tile?.total.value ?? ''}>
      <h4>${one.title}</h4>
      ${known && !known[one.indicator] ? html`<p class="muted">${t('scene.not_told')}</p>` : ''}
      ${tile ? this.value(one, tile) : ''}
      ${points
        ? html`<sg-spark .points=${points} .heading=${one.title} .digits=${digitsOf(one.indicator)}></sg-spark>`
        : ''}
      ${tile?.total.index ? this.index(tile.total.index) : ''}
      ${tile ? this.source(tile) : ''}
    </li>`;
  }

  value(/** @type {Scenario['numbers'][number]} */ one, /** @type {Tile} */ tile) {
    const { total } = tile;
    const digits = digitsOf(one.indicator);
    if (total.value === null) {
      const why = t(total.suppressed ? 'scene.suppressed' : 'scene.no_cases');
      return html`<p class="figure"><span class="muted">${why}</span> ${this.sides(one, tile)}</p>`;
    }
    const text = number(total.value, digits);
    const open = linkOf(total.links, 'numerator');
    const label = `${t('scene.open', { title: one.title })}: ${text} ${one.unit}`;
    const shown = html`<b class="num">${text}</b> <small>${one.unit}</small>`;
    return html`<p class="figure">
      ${opener(open, shown, { id: 'number-open', label, count: total.numerator })}
      ${this.sides(one, tile)} ${this.change(one, tile)}</p>`;
  }

  /** Both sides of a share, each with its rows. */
  sides(/** @type {Scenario['numbers'][number]} */ one, /** @type {Tile} */ { total }) {
    const { numerator, denominator, links } = total;
    if (numerator === null || denominator === null) return '';
    const side = (/** @type {string} */ rel, /** @type {number} */ count) => {
      const title = `${one.title} – ${t(rel === 'numerator' ? 'scene.numerator' : 'scene.denominator')}`;
      const label = `${t('scene.open', { title })}: ${number(count)}`;
      return opener(linkOf(links, rel), number(count, 3), { id: `number-${rel}`, label, count });
    };
    return html`<span class="num sides">${side('numerator', numerator)} / ${side('denominator', denominator)}</span>`;
  }

  /** The change against the last period, by arrow, sign and colour. */
  change(/** @type {Scenario['numbers'][number]} */ one, /** @type {Tile} */ { total }) {
    if (total.value === null || total.previous === null) return '';
    const by = total.value - total.previous;
    const digits = digitsOf(one.indicator);
    const same = number(Math.abs(by), digits) === '0';
    if (same) return html`<span class="muted" data-testid="number-change">${t('scene.unchanged')}</span>`;
    const good = by > 0 === (one.better === 'higher');
    return html`<span class=${good ? 'ok' : 'warn'} data-testid="number-change" title=${t('scene.change')}><i
      aria-hidden="true">${by > 0 ? '▲' : '▼'}</i> <span class="sr">${t('scene.change')} </span><span
      class="num">${by > 0 ? '+' : '−'}${number(Math.abs(by), digits)}</span></span>`;
  }

  /** What an index is made of, and what caps it. */
  index(/** @type {IndexValue} */ { parts, vetoes, raw }) {
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

  source(/** @type {Tile} */ { total, as_of: at, rule, period }) {
    const facts = [pick(total.unit.title), period.id, t('scene.as_of', { time: moment(at) })];
    return html`<p class="muted small-print">${total.origins.map((origin) => badge(origin))}
      ${facts.join(' · ')}${rule ? html` · <code>${rule.key}@${rule.version}</code>` : ''}</p>`;
  }
}

const shown = (/** @type {number | null} */ value) => (value === null ? '–' : number(value, 2));

define('sg-numbers', Numbers);
