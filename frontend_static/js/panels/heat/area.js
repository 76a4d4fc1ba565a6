// @ts-check
/** What an area holds that is drawn on the map: counts, rate with interval; the indicator beside it, a file. */
import { html } from 'lit';
import { save } from '../../core/download.js';
import { number, t } from '../../core/i18n.js';
import { chooseTiles } from '../../model/board.js';
import { drawStore, startDraw } from '../../model/draw.js';
import { setHeat } from '../../model/heat.js';
import { areaSums } from '../../model/heat_list.js';
import { openDrawer } from '../../model/shell.js';
import { icon } from '../widgets.js';
import { percent } from './legend.js';
import { countedText, daysText } from './said.js';

/** The number of whole units that stands beside a rate of cells. */
const INDICATOR = 'inspection_hit_rate';
const COLUMNS = /** @type {const} */ (
  ['id', 'name', 'state', 'events', 'exposure', 'value', 'lower', 'upper', 'z', 'west', 'south', 'east', 'north']);

/** A value as a cell of a CSV file. */
const cell = (/** @type {unknown} */ value) => {
  const text = String(value ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Hand out the cells of the area as a table; what it is stands in the first line. */
function saveCells(/** @type {import('../../model/heat_list.js').HeatRow[]} */ rows) {
  const note = `# ${t('heat.file_note', { shown: `${daysText()} · ${countedText()}` })}`;
  const lines = rows.map(({ box: [west, south, east, north], ...row }) => {
    const all = /** @type {Record<string, unknown>} */ ({ ...row, west, south, east, north });
    return COLUMNS.map((name) => cell(all[name])).join(',');
  });
  save(new Blob([[cell(note), COLUMNS.join(','), ...lines, ''].join('\n')], { type: 'text/csv' }), 'heat-cells.csv');
}

/** The numbers of the area. */
function sums() {
  const found = areaSums.value;
  if (!found) return '';
  const { rows, unknown, events, exposure, share, level } = found;
  return html`<div data-testid="heat-sums" data-events=${events} data-exposure=${exposure} data-cells=${rows.length}
      role="status">
    <p class="num"><b>${share ? `${percent(share.rate)} (${percent(share.lower)}–${percent(share.upper)})`
      : t('heat.no_rate')}</b></p>
    <p class="num">${t('heat.counts', { events: number(events), exposure: number(exposure) })}</p>
    <p class="muted">${t('heat.area_cells', { cells: number(rows.length), unknown: number(unknown) })}
      ${share && level ? t('heat.area_interval', { level: number(level * 100) }) : ''}</p>
    <div class="actions">
      <button data-testid="heat-save" ?disabled=${!rows.length}
        @click=${() => saveCells(rows)}>${icon('download')}${t('heat.save')}</button>
      <button data-testid="heat-indicator" @click=${() => chooseTiles([INDICATOR])}>${icon('board')}${
        t('heat.indicator')}</button>
      <button data-testid="heat-area-clear" @click=${() => setHeat({ area: '' })}>${t('draw.clear')}</button>
    </div></div>`;
}

/** Draw an area, and what it holds. */
export function area() {
  const { mode, goal } = drawStore.state.value;
  const on = mode !== null && goal === 'heat';
  const draw = () => {
    openDrawer(null);
    startDraw(on ? null : 'polygon', 'heat');
  };
  return html`<section class="heat-area"><h3 class="part">${t('heat.area')}</h3>
    <div class="actions"><button data-testid="heat-draw" aria-pressed=${on} @click=${draw}>${icon('area')}${
      t(on ? 'heat.drawing' : 'heat.draw')}</button></div>
    ${sums()}</section>`;
}
