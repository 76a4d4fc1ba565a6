// @ts-check
/** Base of the elements that draw a chart: one plot of uPlot at a time, gone with its element. */
import { Part } from '../core/base.js';

/** What no chart here shows. */
export const PLAIN = { legend: { show: false }, cursor: { show: false } };

/** Return a colour of the theme. */
export function token(/** @type {string} */ name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class PlotPart extends Part {
  constructor() {
    super();
    /** @type {import('uplot') | null} */
    this.plot = null;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.plot?.destroy();
    this.plot = null;
  }

  /**
   * Draw values, each at its place in their row, in place of what is drawn.
   *
   * @param {HTMLElement} box
   * @param {(number | null)[]} values
   * @param {(width: number, paths: import('uplot').Series.PathBuilderFactories) => import('uplot').Options} options
   */
  async draw(box, values, options) {
    const { default: Plot } = await import('uplot');
    if (!box.isConnected) return;
    this.plot?.destroy();
    this.plot = new Plot(options(box.clientWidth, Plot.paths), [values.map((_, at) => at), values], box);
  }
}
