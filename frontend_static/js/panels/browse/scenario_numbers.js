// @ts-check
/** <sg-numbers>: the numbers of the open scenario; each opens the rows that it counts. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { moment, pick, t } from '../../core/i18n.js';
import { badge, busy, failure } from '../widgets.js';
import { loadNumbers, scenarioStore } from '../../model/scenarios.js';
import { decomposed, figure } from './figures.js';
import './sparkline.js';

/** @typedef {import('../../core/types.js').Scenario} Scenario */
/** @typedef {import('../../core/types.js').Tile} Tile */

const digitsOf = (/** @type {string} */ id) => scenarioStore.indicators.value?.[id]?.digits ?? 1;
const titleOf = (/** @type {string} */ id) => pick(scenarioStore.indicators.value?.[id]?.title) || id;

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
    return html`<li class="number" data-testid="number-${one.indicator}" data-value=${tile?.total?.value ?? ''}>
      <h4>${one.title}</h4>
      ${known && !known[one.indicator] ? html`<p class="muted">${t('scene.not_told')}</p>` : ''}
      ${tile?.problem ? html`<p class="bad">${tile.problem.detail}</p>` : ''}
      ${tile?.total ? figure({ ...one, digits: digitsOf(one.indicator) }, tile.total) : ''}
      ${points
        ? html`<sg-spark .points=${points} .heading=${one.title} .digits=${digitsOf(one.indicator)}></sg-spark>`
        : ''}
      ${tile?.total?.index ? decomposed(tile.total.index, titleOf) : ''}
      ${tile?.total ? this.source(tile) : ''}
    </li>`;
  }

  source(/** @type {Tile} */ { total, as_of: at, rule, period }) {
    const facts = [pick(total.unit.title), period.id, t('scene.as_of', { time: moment(at) })];
    return html`<p class="muted small-print">${total.origins.map((origin) => badge(origin))}
      ${facts.join(' · ')}${rule ? html` · <code>${rule.key}@${rule.version}</code>` : ''}</p>`;
  }
}

define('sg-numbers', Numbers);
