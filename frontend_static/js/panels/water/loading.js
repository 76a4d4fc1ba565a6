// @ts-check
/** How much a vessel may load on each day: tonnes that are sure, expected, and the most to hope for. */
import { html, svg } from 'lit';
import { explain } from '../../core/api.js';
import { number, t } from '../../core/i18n.js';
import { voyageStore } from '../../model/voyage.js';
import { edgeName } from './limits.js';

/** @typedef {import('../../core/types.js').LoadingDay} LoadingDay */

const [WIDTH, HEIGHT] = [276, 120];
const INSET = { left: 30, right: 4, top: 8, bottom: 16 };

function bar(/** @type {LoadingDay} */ { date, payload_t: tonnes }, /** @type {number} */ at,
  /** @type {number} */ step, /** @type {(t: number) => number} */ y) {
  const left = INSET.left + at * step + 3;
  const width = step - 6;
  const foot = y(0);
  const { p10, p50, p90 } = tonnes;
  return svg`${p10 === null
    ? svg`<rect class="perhaps" x=${left} width=${width} y=${INSET.top} height=${foot - INSET.top}></rect>
      <text x=${left + width / 2} y=${foot - 4} text-anchor="middle">?</text>`
    : svg`<rect class="sure" x=${left} width=${width} y=${y(p10)} height=${foot - y(p10)}></rect>`}
    ${p50 === null ? '' : svg`<line class="expected" x1=${left} x2=${left + width} y1=${y(p50)} y2=${y(p50)}></line>`}
    ${p90 === null ? '' : svg`<line class="hoped" x1=${left} x2=${left + width} y1=${y(p90)} y2=${y(p90)}></line>`}
    <text x=${left + width / 2} y=${HEIGHT - 4} text-anchor="middle">${date.slice(8)}</text>`;
}

const cell = (/** @type {number | null} */ value, digits = 0) => (value === null ? '?' : number(value, digits));

/** The chart of a week, with the same as rows. */
export function loading() {
  const told = voyageStore.loading.value;
  const error = voyageStore.loadingError.value;
  if (error) {
    return html`<p class="muted" data-testid="water-loading-none">${t('water.no_loading')} ${explain(error)}</p>`;
  }
  if (!told) return '';
  const all = told.days.flatMap(({ payload_t: one }) => [one.p10, one.p50, one.p90]);
  const most = Math.max(1, .../** @type {number[]} */ (all.filter((one) => one !== null)));
  const y = (/** @type {number} */ v) =>
    HEIGHT - INSET.bottom - (v / most) * (HEIGHT - INSET.bottom - INSET.top);
  const step = (WIDTH - INSET.left - INSET.right) / told.days.length;
  const heads = ['water.day', 'water.sure', 'water.expected', 'water.draught_short', 'water.limits'];
  return html`<figure class="water-loading" data-testid="water-loading">
    <figcaption>${t('water.loading')}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t('water.loading')}>
      <text x=${INSET.left - 3} y=${INSET.top + 4} text-anchor="end">${number(most)} t</text>
      <text x=${INSET.left - 3} y=${y(0) + 3} text-anchor="end">0</text>
      ${told.days.map((day, at) => bar(day, at, step, y))}</svg>
    <details><summary>${t('water.loading_rows')}</summary><div class="wide"><table>
      <thead><tr>${heads.map((key) => html`<th scope="col">${t(/** @type {any} */ (key))}</th>`)}</tr></thead>
      <tbody>${told.days.map((day) => html`<tr data-testid="water-day"><td class="num">${day.date.slice(5)}</td>
        <td class="num">${cell(day.payload_t.p10)} t</td><td class="num">${cell(day.payload_t.p50)} t</td>
        <td class="num">${cell(day.draught_m.p10, 2)} m</td>
        <td>${day.limiting ? edgeName(day.limiting) : ''}</td></tr>`)}</tbody></table></div></details></figure>`;
}
