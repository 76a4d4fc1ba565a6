// @ts-check
/** <sg-hours>: how many rows of the table's layer fall into each hour of the day, as bars. */
import { html } from 'lit';
import { define } from '../../core/base.js';
import { day, number, t } from '../../core/i18n.js';
import { HOURS, histogramStore, retryHistogram } from '../../model/histogram.js';
import { findLayer } from '../../model/layers.js';
import { shellStore } from '../../model/shell.js';
import { PLAIN, PlotPart, token } from '../plot.js';
import { failure } from '../widgets.js';

const HEIGHT = 72;
/** Share of an hour that its bar fills, and its most pixels. */
const BAR = /** @type {[number, number]} */ ([0.7, 40]);

const hourText = (/** @type {number} */ hour) => String(hour).padStart(2, '0');

class Hours extends PlotPart {
  render() {
    void shellStore.theme.value;
    const error = histogramStore.error.value;
    const hours = histogramStore.hours.value;
    if (error) return failure(error, retryHistogram);
    if (!hours) return html``;
    const { counts, start } = hours;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const most = counts.indexOf(Math.max(...counts));
    const lasting = Boolean(findLayer(histogramStore.asked.value?.layer)?.time?.end);
    const values = { day: day(start), total: number(total), hour: hourText(most), most: number(counts[most]) };
    const label = t(lasting ? 'hours.lasting' : 'hours.label', values);
    return html`<figure class="hours" data-testid="hours" data-counts=${counts.join(' ')}>
      <figcaption>${label}</figcaption><div class="hours-plot" role="img" aria-label=${label}></div></figure>`;
  }

  updated() {
    const box = /** @type {HTMLElement | null} */ (this.querySelector('.hours-plot'));
    const hours = histogramStore.hours.peek();
    if (box && hours) this.draw(box, hours.counts, options);
  }
}

/**
 * Dress the plot in the theme's colours.
 *
 * @param {number} width
 * @param {import('uplot').Series.PathBuilderFactories} paths
 * @returns {import('uplot').Options}
 */
function options(width, { bars }) {
  const grid = { stroke: token('--line'), width: 1 };
  const axis = { stroke: token('--muted'), font: '10px Inter', grid, ticks: { show: false } };
  const accent = token('--accent');
  return {
    width,
    height: HEIGHT,
    ...PLAIN,
    scales: {
      x: { time: false, range: [-0.5, HOURS - 0.5] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max)] },
    },
    axes: [
      { ...axis, size: 18, values: (_plot, splits) => splits.map(hourText) },
      { ...axis, size: 44, splits: (plot) => [0, plot.scales.y.max ?? 0] },
    ],
    series: [{}, { paths: bars && bars({ size: BAR }), fill: accent, stroke: accent, points: { show: false } }],
  };
}

define('sg-hours', Hours);
