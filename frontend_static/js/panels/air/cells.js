// @ts-check
/** <sg-cells>: switch the cells in which one may fly; what their signs mean, and the cell that was clicked. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { maybe, moment, pick, t } from '../../core/i18n.js';
import { cellQuery, cellStore, showCells } from '../../model/cells.js';
import { verdictName } from './marks.js';

class Cells extends Part {
  render() {
    const { on, facts, error } = cellStore;
    const asked = cellQuery.value;
    return html`<section class="cells" data-testid="cells" aria-label=${t('air.cells')}>
      <label class="check"><input type="checkbox" data-testid="cells-on" .checked=${on.value}
        @change=${(/** @type {Event} */ e) => showCells(/** @type {HTMLInputElement} */ (e.target).checked)} />
        <span>${t('air.cells')}</span></label>
      ${asked ? html`<p class="hint">${t('air.cells_of', {
        height: asked.height, datum: maybe(`datum.short.${asked.datum}`, asked.datum),
        aircraft: t(/** @type {any} */ (`aircraft.${asked.aircraft}`)), time: moment(asked.at),
      })}</p>` : ''}
      ${asked && error.value ? html`<p class="failure" role="alert">${explain(error.value)}</p>` : ''}
      ${asked && facts.value ? this.legend(facts.value) : ''}
      ${asked && cellStore.cell.value ? this.cell(cellStore.cell.value) : ''}
    </section>`;
  }

  legend(/** @type {import('../../model/cells.js').CellFacts} */ { legend, valid_until: until }) {
    return html`<dl class="cell-legend" data-testid="cells-legend">${legend.map(({ verdict, sign, ...said }) => html`
        <dt class=${verdict}>${pick(sign)}</dt><dd>${pick(said)}</dd>`)}</dl>
      <p class="hint">${until ? t('air.cells_until', { time: moment(until) }) : t('air.cells_steady')}
        ${t('air.cells_note')}</p>`;
  }

  cell(/** @type {Record<string, any>} */ cell) {
    const { code, code_3d: solid, verdict, mildest, heaviest, ground, zones, zone_count: count } = cell;
    const said = verdict === 'mixed'
      ? t('air.between', { least: verdictName(mildest), most: verdictName(heaviest) }) : verdictName(verdict);
    return html`<div class="cell-card" data-testid="cell" data-code=${code} role="status">
      <b class="num">${code}</b> ${solid ? html`<span class="num muted">${solid}</span>` : ''}
      <p>${verdict === 'mixed' ? html`${t('air.cell_mixed')} ` : ''}${said}</p>
      <p class="muted">${t(/** @type {any} */ (`air.cell_ground.${ground}`))}
        ${count ? t('air.cell_zones', { names: zones, count }) : ''}</p></div>`;
  }
}

define('sg-cells', Cells);
