// @ts-check
/** <sg-spark>: the periods of a number as a small line; a period without a value is a gap. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { number, t } from '../../core/i18n.js';
import { shellStore } from '../../model/shell.js';

/** @typedef {import('../../core/types.js').Point} Point */

const HEIGHT = 34;

class Spark extends Part {
  static properties = { points: { attribute: false }, heading: { attribute: false }, digits: { attribute: false } };

  constructor() {
    super();
    /** @type {Point[]} */
    this.points = [];
    this.heading = '';
    this.digits = 1;
    /** @type {import('uplot') | null} */
    this.plot = null;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.plot?.destroy();
    this.plot = null;
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
    if (box && this.points.length) this.draw(box);
  }

  async draw(/** @type {HTMLElement} */ box) {
    const { default: Plot } = await import('uplot');
    if (!box.isConnected) return;
    this.plot?.destroy();
    const values = this.points.map(({ value }) => value);
    this.plot = new Plot(options(box.clientWidth), [values.map((_, at) => at), values], box);
  }
}

/** @returns {import('uplot').Options} */
function options(/** @type {number} */ width) {
  const accent = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim();
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
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
