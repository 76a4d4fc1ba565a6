// @ts-check
/** <sg-table>: the rows of a map layer, with sorting, paging and the export. */
import { html } from 'lit';
import { address } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { nameOf, number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { theMap } from '../../map/instance.js';
import { findLayer, layerStore } from '../../model/layers.js';
import { select, selectionStore } from '../../model/selection.js';
import { shellStore } from '../../model/shell.js';
import {
  chooseTable, clearFilter, closeTable, loadTable, setWithin, sortBy, tableFilter, tableStore, turnPage,
} from '../../model/table.js';
import { badge, busy, failure, icon, value } from '../widgets.js';
import './histogram.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/types.js').Layer} Layer */
/** @typedef {import('../../core/types.js').Column} Column */

const ROW_ZOOM = 12;

class Table extends Part {
  render() {
    if (tableStore.view.value !== 'table') return html``;
    const layer = findLayer(tableStore.layer.value);
    if (!layer) return html`<section class="table"><p class="muted pad">${t('app.loading')}</p></section>`;
    const error = tableStore.error.value;
    return html`<section class="table" data-testid="table-panel">
      ${this.head(layer)}
      ${busy(tableStore.loading.value)}
      ${layer.time ? html`<sg-hours></sg-hours>` : ''}
      ${error ? failure(error, () => loadTable(layer)) : this.body(layer)}
    </section>`;
  }

  head(/** @type {Layer} */ layer) {
    const { rows, from, next } = tableStore.page.value;
    return html`<div class="table-head">
      ${this.scope(layer)}
      <span class="grow"></span>
      <span class="muted num" data-testid="table-range">${rows.length
        ? t('table.shown', { from: number(from + 1), to: number(from + rows.length) })
        : ''}</span>
      <button data-testid="table-first" ?disabled=${from === 0}
        @click=${() => loadTable(layer)}>${t('table.first')}</button>
      <button data-testid="table-next" ?disabled=${!next} @click=${this.turn}>${t('table.next')}</button>
      ${this.exit(layer)}
    </div>`;
  }

  /** Which rows: of which layer, within the map or everywhere, and how many there are. */
  scope(/** @type {Layer} */ layer) {
    const layers = layerStore.catalogue.value?.layers ?? [];
    const total = tableStore.total.value;
    return html`<select data-testid="table-layer" aria-label=${t('table.layer')}
        @change=${(/** @type {any} */ e) => chooseTable(e.target.value)}>
        ${layers.map(({ id, title }) => html`<option value=${id} ?selected=${id === layer.id}>${pick(title)}</option>`)}
      </select>
      <label class="check"><input type="checkbox" data-testid="table-within" .checked=${tableStore.within.value}
        ?disabled=${layer.geometry === 'none'}
        @change=${(/** @type {any} */ e) => setWithin(e.target.checked)} />${t('table.within')}</label>
      <output class="num" data-testid="table-total" data-count=${total}>${total === null
        ? ''
        : t('table.total', { count: number(total) })}</output>
      ${tableStore.filter.value ? this.filter(tableStore.filter.value) : ''}`;
  }

  /** The filter that the rows are limited to, and the way to take it off. */
  filter(/** @type {string} */ text) {
    return html`<button class="small" data-testid="table-filter" title=${text}
      @click=${clearFilter}>${t('table.filtered')}${icon('close')}</button>`;
  }

  exit(/** @type {Layer} */ layer) {
    const csv = address(layer.items, { ...tableFilter(layer), sortby: tableStore.sort.value, f: 'csv' });
    return html`<a class="button" data-testid="table-csv" href=${csv}
        download="${layer.id}.csv">${icon('download')}${t('table.csv')}</a>
      <button class="plain" data-testid="table-close" aria-label=${t('table.close')} title=${t('table.close')}
        @click=${closeTable}>${icon('close')}</button>`;
  }

  async turn() {
    if (await turnPage()) this.querySelector('.table-scroll')?.scrollTo({ top: 0 });
  }

  body(/** @type {Layer} */ layer) {
    const { rows } = tableStore.page.value;
    if (!rows.length && tableStore.loading.value) return '';
    if (!rows.length) return html`<p class="muted pad" data-testid="table-empty">${t('table.empty')}</p>`;
    const other = shellStore.lang.value === 'zh' ? 'name_en' : 'name_zh';
    const columns = layer.columns.filter((column) => column.name !== other && column.type !== 'json');
    const title = t('table.title', { title: pick(layer.title) });
    return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${title}>
      <table data-testid="table">
        <thead><tr>
          ${columns.map((column) => this.header(column))}
          <th scope="col">${t('table.origin')}</th>
        </tr></thead>
        <tbody>${rows.map((row) => this.row(layer, columns, row))}</tbody>
      </table>
    </div>`;
  }

  header(/** @type {Column} */ column) {
    const title = pick(column.title);
    const sort = tableStore.sort.value;
    const state = sort === column.name ? 'ascending' : sort === `-${column.name}` ? 'descending' : 'none';
    const next = { none: column.name, ascending: `-${column.name}`, descending: null }[state];
    const mark = { none: '', ascending: '▲', descending: '▼' }[state];
    const unit = column.unit ? html` <small class="muted">${pick(column.unit)}</small>` : '';
    return html`<th scope="col" aria-sort=${state} class=${this.numeric(column) ? 'numeric' : ''}>
      <button class="sort" data-testid="sort-${column.name}" title=${t('table.sort', { title })}
        @click=${() => sortBy(next)}>${title}${unit} <i aria-hidden="true">${mark}</i></button>
    </th>`;
  }

  numeric(/** @type {Column} */ column) {
    return (column.type === 'int' || column.type === 'number') && !column.values;
  }

  row(/** @type {Layer} */ layer, /** @type {Column[]} */ columns, /** @type {Feature} */ row) {
    const id = String(row.id);
    const current = selectionStore.current.value?.id === id;
    const name = nameOf(row.properties, id);
    return html`<tr data-testid="table-row" data-id=${id} class=${current ? 'current' : ''} aria-selected=${current}
      @click=${() => this.choose(layer, row)}>
      ${columns.map((column, index) => this.cell(column, row, index === 0 ? name : null))}
      <td>${row.properties.origin ? badge(row.properties.origin) : ''}</td>
    </tr>`;
  }

  /** A cell; with a name it is the button that stands for the row. */
  cell(/** @type {Column} */ column, /** @type {Feature} */ row, /** @type {string | null} */ name) {
    const text = value({ ...column, unit: null }, row.properties[column.name], true);
    const label = `${t('table.select')}: ${name}`;
    return html`<td class=${this.numeric(column) ? 'numeric num' : ''}>${name === null
      ? text
      : html`<button class="cell" title=${t('table.select')} aria-label=${label}>${text}</button>`}</td>`;
  }

  choose(/** @type {Layer} */ layer, /** @type {Feature} */ row) {
    select({ layer: layer.id, id: String(row.id) });
    const box = extent(row.geometry);
    const map = theMap.peek();
    if (!box || !map) return;
    setWithin(false);
    showExtent(box, Math.max(map.getZoom(), ROW_ZOOM));
  }
}

define('sg-table', Table);
