// @ts-check
/** <sg-hours>: how many rows of the table's layer fall into each hour of the shown day. */
import { effect, untracked } from '@preact/signals-core';
import { html } from 'lit';
import { aborted, request } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { findLayer } from '../../core/catalog.js';
import { day, midnight, now, number, rfc3339, t } from '../../core/i18n.js';
import { data, url } from '../../core/store.js';
import { failure } from '../widgets.js';

const HOURS = 24;
const HOUR_MS = 3_600_000;
const HEIGHT = 72;
const AT_ONCE = 4;

/** Ask for the counts of all hours, a few at a time. @returns {Promise<number[]>} */
async function countHours(/** @type {string} */ layer, /** @type {number} */ start, /** @type {string | undefined} */ bbox, /** @type {AbortSignal} */ signal) {
  /** @type {number[]} */
  const counts = new Array(HOURS).fill(0);
  let next = 0;
  const worker = async () => {
    while (next < HOURS) {
      const hour = next++;
      const edge = (/** @type {number} */ at) => rfc3339(start + at * HOUR_MS);
      const params = { bbox, datetime: `${edge(hour)}/${rfc3339(start + (hour + 1) * HOUR_MS - 1000)}` };
      counts[hour] = (await request(`collections/${layer}/count`, { params, signal })).count;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return counts;
}

class Hours extends Part {
  static properties = { counts: { state: true }, error: { state: true } };

  constructor() {
    super();
    /** @type {number[] | null} */
    this.counts = null;
    /** @type {unknown} */
    this.error = null;
    /** @type {AbortController | null} */
    this.running = null;
    /** @type {any} */
    this.plot = null;
    /** What the counts are of. */
    this.asked = '';
    /** @type {number | null} */
    this.start = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.stop = effect(() => {
      const layer = findLayer(url.table.value);
      const at = url.time.value ? Date.parse(url.time.value) : now();
      const bbox = url.within.value ? data.bounds.value?.map((edge) => edge.toFixed(5)).join(',') : undefined;
      void data.bumps.value[layer?.id ?? ''];
      untracked(() => (layer?.time ? this.load(layer.id, midnight(at), bbox) : this.clear()));
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop?.();
    this.running?.abort();
    this.plot?.destroy();
  }

  clear() {
    this.running?.abort();
    this.counts = null;
    this.asked = '';
  }

  async load(/** @type {string} */ layer, /** @type {number} */ start, /** @type {string | undefined} */ bbox) {
    const asked = `${layer} ${start} ${bbox} ${data.bumps.peek()[layer]}`;
    if (asked === this.asked) return;
    this.asked = asked;
    this.running?.abort();
    this.running = new AbortController();
    try {
      this.counts = await countHours(layer, start, bbox, this.running.signal);
      this.start = start;
      this.error = null;
    } catch (error) {
      if (!aborted(error)) this.error = error;
    }
  }

  render() {
    void url.theme.value;
    if (this.error) return failure(this.error, () => this.retry());
    if (!this.counts) return html``;
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    const most = this.counts.indexOf(Math.max(...this.counts));
    const lasting = Boolean(findLayer(url.table.value)?.time?.end);
    const values = { day: day(this.start ?? now()), total: number(total), hour: String(most).padStart(2, '0'), most: number(this.counts[most]) };
    const label = t(lasting ? 'hours.lasting' : 'hours.label', values);
    return html`<figure class="hours" data-testid="hours" data-counts=${this.counts.join(' ')}><figcaption>${label}</figcaption><div class="hours-plot" role="img" aria-label=${label}></div></figure>`;
  }

  retry() {
    this.asked = '';
    this.error = null;
    const layer = url.table.peek();
    const at = url.time.peek();
    if (layer) this.load(layer, midnight(at ? Date.parse(at) : now()), undefined);
  }

  updated() {
    const box = /** @type {HTMLElement | null} */ (this.querySelector('.hours-plot'));
    if (box && this.counts) this.draw(box, this.counts);
  }

  async draw(/** @type {HTMLElement} */ box, /** @type {number[]} */ counts) {
    const { default: Plot } = await import('uplot');
    const style = getComputedStyle(document.documentElement);
    const token = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: token('--muted'), font: '10px Inter', grid: { stroke: token('--line'), width: 1 }, ticks: { show: false } };
    const bars = Plot.paths.bars;
    this.plot?.destroy();
    this.plot = new Plot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: [-0.5, HOURS - 0.5] }, y: { range: (_plot, _min, max) => [0, Math.max(1, max)] } },
        axes: [
          { ...axis, size: 18, values: (_plot, splits) => splits.map((hour) => String(hour).padStart(2, '0')) },
          { ...axis, size: 44, splits: (plot) => [0, plot.scales.y.max ?? 0] },
        ],
        series: [{}, { paths: bars && bars({ size: [0.7, 40] }), fill: token('--accent'), stroke: token('--accent'), points: { show: false } }],
      },
      [counts.map((_, hour) => hour), counts],
      box,
    );
  }
}

define('sg-hours', Hours);
