// @ts-check
/** <sg-table>: the table twin of a map layer: same query, full counts, paging by the next link. */
import { html } from 'lit';
import { effect, untracked } from '@preact/signals-core';
import { aborted, address, request } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { findLayer } from '../../core/catalog.js';
import { nameOf, number, pick, t } from '../../core/i18n.js';
import { select } from '../../model/select.js';
import { data, shown, url } from '../../core/store.js';
import { extent } from '../../core/geo.js';
import { showExtent } from '../../map/camera.js';
import { theMap } from '../../map/instance.js';
import { badge, busy, failure, icon, value } from '../widgets.js';
import './histogram.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/types.js').Layer} Layer */

const PAGE = 100;

/** Open the table, of a layer when one is named; a second call for the same layer closes it. */
export function toggleTable(/** @type {string | undefined} */ layer = undefined) {
  if (url.view.peek() === 'table' && (layer === undefined || layer === url.table.peek())) {
    url.view.value = 'map';
    return;
  }
  if (layer && layer !== url.table.peek()) {
    url.sort.value = null;
    url.table.value = layer;
  }
  if (!url.table.peek()) url.table.value = data.catalogue.peek()?.kpis[0]?.layer ?? shown.peek()[0] ?? null;
  url.view.value = 'table';
}

/** The filter of the query that the table and its count share. */
function filters(/** @type {Layer} */ layer) {
  const bounds = url.within.value && layer.geometry !== 'none' ? data.bounds.value : null;
  const at = url.time.value;
  return {
    bbox: bounds?.map((edge) => edge.toFixed(5)).join(','),
    datetime: at && layer.time ? at : undefined,
  };
}

class Table extends Part {
  static properties = {
    rows: { state: true },
    total: { state: true },
    next: { state: true },
    from: { state: true },
    loading: { state: true },
    error: { state: true },
  };

  constructor() {
    super();
    /** @type {Feature[]} */
    this.rows = [];
    /** @type {number | null} */
    this.total = null;
    /** @type {string | null} */
    this.next = null;
    this.from = 0;
    this.loading = false;
    /** @type {unknown} */
    this.error = null;
    /** @type {AbortController | null} */
    this.running = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.stop = effect(() => {
      const layer = findLayer(url.table.value);
      if (url.view.value !== 'table' || !layer) return;
      void data.bumps.value[layer.id];
      const query = { ...filters(layer), sortby: url.sort.value ?? undefined };
      untracked(() => this.load(layer, query));
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop?.();
  }

  async load(/** @type {Layer} */ layer, /** @type {Record<string, any>} */ query) {
    const { sortby, ...filter } = query;
    this.from = 0;
    await this.fetch(address(layer.items, { ...filter, sortby, limit: PAGE }), `collections/${layer.id}/count`, filter);
  }

  /** Read a page; the count is asked for with the first. */
  async fetch(/** @type {string} */ href, /** @type {string} */ countPath = '', /** @type {Record<string, any>} */ filter = {}) {
    this.running?.abort();
    const { signal } = (this.running = new AbortController());
    this.loading = true;
    try {
      const [page, count] = await Promise.all([
        request(href, { signal }),
        countPath ? request(countPath, { params: filter, signal }) : null,
      ]);
      this.rows = page.features;
      this.next = page.links?.find((/** @type {any} */ link) => link.rel === 'next')?.href ?? null;
      if (count) this.total = count.count;
      this.error = null;
    } catch (error) {
      if (aborted(error)) return;
      this.error = error;
    }
    this.loading = false;
  }

  render() {
    if (url.view.value !== 'table') return html``;
    const layer = findLayer(url.table.value);
    if (!layer) return html`<section class="table"><p class="muted pad">${t('app.loading')}</p></section>`;
    return html`<section class="table" data-testid="table-panel">
      ${this.head(layer)}
      ${busy(this.loading)}
      ${layer.time ? html`<sg-hours></sg-hours>` : ''}
      ${this.error ? failure(this.error, () => this.again(layer)) : this.body(layer)}
    </section>`;
  }

  again(/** @type {Layer} */ layer) {
    this.load(layer, { ...filters(layer), sortby: url.sort.value ?? undefined });
  }

  head(/** @type {Layer} */ layer) {
    const csv = address(layer.items, { ...filters(layer), sortby: url.sort.value, f: 'csv' });
    const layers = data.catalogue.value?.layers ?? [];
    return html`<div class="table-head">
      <select data-testid="table-layer" aria-label=${t('table.layer')} @change=${this.pickLayer}>
        ${layers.map((entry) => html`<option value=${entry.id} ?selected=${entry.id === layer.id}>${pick(entry.title)}</option>`)}
      </select>
      <label class="check"><input type="checkbox" data-testid="table-within" .checked=${url.within.value} ?disabled=${layer.geometry === 'none'}
        @change=${(/** @type {any} */ e) => (url.within.value = e.target.checked)} />${t('table.within')}</label>
      <output class="num" data-testid="table-total" data-count=${this.total}>${this.total === null ? '' : t('table.total', { count: number(this.total) })}</output>
      <span class="grow"></span>
      <span class="muted num" data-testid="table-range">${this.rows.length ? t('table.shown', { from: number(this.from + 1), to: number(this.from + this.rows.length) }) : ''}</span>
      <button data-testid="table-first" ?disabled=${this.from === 0} @click=${() => this.again(layer)}>${t('table.first')}</button>
      <button data-testid="table-next" ?disabled=${!this.next} @click=${this.turn}>${t('table.next')}</button>
      <a class="button" data-testid="table-csv" href=${csv} download="${layer.id}.csv">${icon('download')}${t('table.csv')}</a>
      <button class="plain" data-testid="table-close" aria-label=${t('table.close')} title=${t('table.close')} @click=${() => (url.view.value = 'map')}>${icon('close')}</button>
    </div>`;
  }

  pickLayer(/** @type {Event} */ event) {
    url.sort.value = null;
    url.table.value = /** @type {HTMLSelectElement} */ (event.target).value;
  }

  async turn() {
    if (!this.next) return;
    const from = this.from + this.rows.length;
    await this.fetch(this.next);
    this.from = from;
    this.querySelector('.table-scroll')?.scrollTo({ top: 0 });
  }

  body(/** @type {Layer} */ layer) {
    if (!this.rows.length) return this.loading ? '' : html`<p class="muted pad" data-testid="table-empty">${t('table.empty')}</p>`;
    const lang = url.lang.value;
    const columns = layer.columns.filter((column) => column.name !== (lang === 'zh' ? 'name_en' : 'name_zh') && column.type !== 'json');
    return html`<div class="table-scroll" tabindex="0" role="region" aria-label=${t('table.title', { title: pick(layer.title) })}>
      <table data-testid="table">
        <thead><tr>
          ${columns.map((column) => this.header(column))}
          <th scope="col">${t('table.origin')}</th>
        </tr></thead>
        <tbody>${this.rows.map((row) => this.row(layer, columns, row))}</tbody>
      </table>
    </div>`;
  }

  header(/** @type {import('../../core/types.js').Column} */ column) {
    const title = pick(column.title);
    const sort = url.sort.value;
    const state = sort === column.name ? 'ascending' : sort === `-${column.name}` ? 'descending' : 'none';
    const next = { none: column.name, ascending: `-${column.name}`, descending: null }[state];
    const mark = { none: '', ascending: '▲', descending: '▼' }[state];
    return html`<th scope="col" aria-sort=${state} class=${this.numeric(column) ? 'numeric' : ''}>
      <button class="sort" data-testid="sort-${column.name}" title=${t('table.sort', { title })} @click=${() => (url.sort.value = next)}>${title}${column.unit ? html` <small class="muted">${pick(column.unit)}</small>` : ''} <i aria-hidden="true">${mark}</i></button>
    </th>`;
  }

  numeric(/** @type {import('../../core/types.js').Column} */ column) {
    return (column.type === 'int' || column.type === 'number') && !column.values;
  }

  row(/** @type {Layer} */ layer, /** @type {import('../../core/types.js').Column[]} */ columns, /** @type {Feature} */ row) {
    const id = String(row.id);
    const current = url.selection.value?.id === id;
    const bare = (/** @type {import('../../core/types.js').Column} */ column) => ({ ...column, unit: null });
    return html`<tr data-testid="table-row" data-id=${id} class=${current ? 'current' : ''} aria-selected=${current} @click=${() => this.choose(layer, row)}>
      ${columns.map((column, index) => {
        const cell = value(bare(column), row.properties[column.name], true);
        return html`<td class=${this.numeric(column) ? 'numeric num' : ''}>${index === 0
          ? html`<button class="cell" title=${t('table.select')} aria-label="${t('table.select')}: ${nameOf(row.properties, id)}">${cell}</button>`
          : cell}</td>`;
      })}
      <td>${row.properties.origin ? badge(row.properties.origin) : ''}</td>
    </tr>`;
  }

  choose(/** @type {Layer} */ layer, /** @type {Feature} */ row) {
    select({ layer: layer.id, id: String(row.id) });
    const box = extent(row.geometry);
    if (!box || !theMap.peek()) return;
    if (url.within.peek()) url.within.value = false;
    showExtent(box, Math.max(theMap.peek()?.getZoom() ?? 0, 12));
  }
}

define('sg-table', Table);
