// @ts-check
/** <sg-spark>: the periods of a number as a small line; a period without a value is a gap. */
import { html } from 'lit';
import { define } from '../../core/base.js';
import { number, t } from '../../core/i18n.js';
import { shellStore } from '../../model/shell.js';
import { PLAIN, PlotPart, token } from '../plot.js';

/** @typedef {import('../../core/types.js').Point} Point */

const HEIGHT = 34;

class Spark extends PlotPart {
  static properties = { points: { attribute: false }, heading: { attribute: false }, digits: { attribute: false } };

  constructor() {
    super();
    /** @type {Point[]} */
    this.points = [];
    this.heading = '';
    this.digits = 1;
  }

  render() {
    void shellStore.theme.value;
    const told = this.points.map(({ period, value }) =>
      `${period} ${value === null ? t('scene.no_cases') : number(value, this.digits)}`);
    const label = `${this.heading}: ${told.join(t('scene.and'))}`;
    const ends = `${told[0]} … ${told[told.length - 1]}`;
    return html`<div class="spark" role="img" aria-label=${label} title=${ends}></div>`;
  }

  updated() {
    const box = /** @type {HTMLElement | null} */ (this.querySelector('.spark'));
    if (box && this.points.length) this.draw(box, this.points.map(({ value }) => value), options);
  }
}

/** @returns {import('uplot').Options} */
function options(/** @type {number} */ width) {
  const accent = token('--accent');
  return {
    width,
    height: HEIGHT,
    ...PLAIN,
    scales: {
      x: { time: false },
      y: { range: (_plot, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
    },
    padding: [4, 4, 4, 4],
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: accent, width: 1.5, points: { show: true, size: 4, fill: accent } }],
  };
}

define('sg-spark', Spark);
