// @ts-check
/** <sg-units>: the numbers by which the map colours the units: a legend, and the units in words. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { number, pick, t } from '../../core/i18n.js';
import { scenarioStore, unitRange } from '../../model/scenarios.js';
import { unitRamp } from '../widgets.js';

/** @typedef {import('../../core/types.js').UnitValue} UnitValue */

const LEVELS = /** @type {const} */ (['county', 'prefecture']);

class Units extends Part {
  render() {
    const units = scenarioStore.units.value;
    const id = scenarioStore.page.value?.view.colour;
    const facts = id ? scenarioStore.indicators.value?.[id] : undefined;
    if (!units || !facts) return html``;
    return html`<section data-testid="units" aria-label=${t('scene.units')}>
      <h3 class="part">${t('scene.units')}: ${pick(facts.title)}</h3>
      ${LEVELS.map((level) => this.level(level, units[level].values, facts.digits))}
    </section>`;
  }

  level(/** @type {typeof LEVELS[number]} */ level, /** @type {UnitValue[]} */ values, /** @type {number} */ digits) {
    const range = unitRange(level);
    if (!range) return '';
    const title = t(level === 'county' ? 'scene.counties' : 'scene.prefectures');
    const ranked = [...values].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity));
    const ends = { low: number(range.low, digits), high: number(range.high, digits) };
    return html`<details data-testid="units-${level}">
      <summary>${title} ${unitRamp(ends)}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="plain-table"><tbody>
        ${ranked.map(({ unit, value, rank }) => html`<tr><td class="num">${rank ?? '–'}</td>
          <th scope="row">${pick(unit.title)}</th>
          <td class="num">${value === null ? t('scene.no_cases') : number(value, digits)}</td></tr>`)}
      </tbody></table></div>
    </details>`;
  }
}

define('sg-units', Units);
