// @ts-check
/** Signs of the rows of a surface's legend. */
import { html, svg } from 'lit';
import { shellStore } from '../../model/shell.js';

/** @typedef {import('../../core/types.js').HeatEntry} HeatEntry */

/** Strokes of the patterns inside the sign. */
const STROKES = {
  fill: '', hatch: 'M3 8 9 2M6 12 16 2M13 12 19 6', cross: 'M3 8 9 2M6 12 16 2M13 12 19 6M3 6 9 12M6 2 16 12M13 2 19 8',
  flat: 'M3 5h16M3 9h16', dots: 'M5 5h1M10 5h1M15 5h1M5 9h1M10 9h1M15 9h1',
};

/** The sign of a row: a colour, or the pattern of a state without a value. */
export function sign(/** @type {HeatEntry} */ { symbol, color }, theme = shellStore.theme.value) {
  const ink = color[theme];
  return html`<svg class="symbol" viewBox="0 0 22 14" aria-hidden="true">${symbol === 'fill'
    ? svg`<rect x="1.5" y="1.5" width="19" height="11" rx="1.5" fill=${ink} stroke="var(--edge)"></rect>`
    : svg`<rect x="1.5" y="1.5" width="19" height="11" rx="1.5" fill="none" stroke=${ink}></rect>
      <path d=${STROKES[symbol]} stroke=${ink} stroke-width="1.6" fill="none"></path>`}</svg>`;
}
