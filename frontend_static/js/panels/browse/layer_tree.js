// @ts-check
/** <sg-layers>: the layer tree with legends and origins, made from the catalogue. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { findLayer, loadCatalogue, originsOf } from '../../core/catalog.js';
import { number, pick, t } from '../../core/i18n.js';
import { data, setShown, shown, url } from '../../core/store.js';
import { badge, busy, failure, icon, layerSymbol, originName, symbol } from '../widgets.js';
import { toggleTable } from './table.js';

/** @typedef {import('../../core/types.js').Layer} Layer */

class LayerTree extends Part {
  static properties = { query: { state: true }, folded: { state: true } };

  constructor() {
    super();
    this.query = '';
    /** @type {Set<string>} */
    this.folded = new Set();
  }

  render() {
    const catalogue = data.catalogue.value;
    const error = data.catalogueError.value;
    return html`
      <div class="panel-head">
        <h2>${t('app.layers')}</h2>
        <button class="plain small" data-testid="layers-reset" ?disabled=${!url.on.value.length && !url.off.value.length}
          @click=${this.reset}>${t('layers.reset')}</button>
        <button class="plain only-drawer" aria-label=${t('app.close')} data-testid="layers-close" @click=${() => (data.drawer.value = null)}>${icon('close')}</button>
      </div>
      ${busy(!catalogue && !error)}
      ${error ? failure(error, loadCatalogue, 'catalogue-retry') : ''}
      ${catalogue
        ? html`<input class="filter" type="search" data-testid="layers-filter" aria-label=${t('layers.filter')} placeholder=${t('layers.filter')}
              .value=${this.query} @input=${(/** @type {any} */ e) => (this.query = e.target.value)} />
            <div class="tree">${this.areas(catalogue)}</div>`
        : ''}
    `;
  }

  reset() {
    url.on.value = [];
    url.off.value = [];
  }

  areas(/** @type {import('../../core/types.js').Catalogue} */ catalogue) {
    const query = this.query.trim().toLowerCase();
    const match = (/** @type {Layer} */ layer) =>
      !query || [layer.id, ...Object.values(/** @type {any} */ (layer.title))].some((text) => String(text).toLowerCase().includes(query));
    const areas = catalogue.areas.map((area) => ({
      ...area,
      found: area.layers.flatMap((id) => findLayer(id) ?? []).filter(match),
    }));
    if (!areas.some((area) => area.found.length)) return html`<p class="muted pad">${t('layers.none')}</p>`;
    return areas.map((area) => (area.found.length ? this.area(area, query !== '') : ''));
  }

  area(/** @type {{ id: string, title: any, found: Layer[] }} */ area, /** @type {boolean} */ filtered) {
    const on = area.found.filter((layer) => shown.value.includes(layer.id)).length;
    const open = filtered || !this.folded.has(area.id);
    const title = pick(area.title);
    return html`<section class="area" data-testid="area-${area.id}">
      <div class="area-head">
        <button class="fold" aria-expanded=${open} data-testid="fold-${area.id}" @click=${() => this.fold(area.id)}>${icon('chevron')}<span>${title}</span></button>
        <span class="muted num">${on}/${area.found.length}</span>
        <input type="checkbox" data-testid="area-toggle-${area.id}" aria-label=${t('layers.area', { title })} .checked=${on === area.found.length}
          .indeterminate=${on > 0 && on < area.found.length} @change=${(/** @type {any} */ e) => setShown(area.found.map((l) => l.id), e.target.checked)} />
      </div>
      ${open ? html`<ul>${area.found.map((layer) => this.layer(layer))}</ul>` : ''}
    </section>`;
  }

  fold(/** @type {string} */ id) {
    const next = new Set(this.folded);
    if (!next.delete(id)) next.add(id);
    this.folded = next;
  }

  layer(/** @type {Layer} */ layer) {
    const on = shown.value.includes(layer.id);
    const title = pick(layer.title);
    const entries = layer.legend?.entries ?? [];
    return html`<li class="layer ${on ? 'on' : ''}" data-testid="layer-${layer.id}">
      <div class="layer-row">
        <label title=${pick(layer.description)}>
          <input type="checkbox" data-testid="toggle-${layer.id}" .checked=${on} ?disabled=${layer.geometry === 'none'}
            @change=${(/** @type {any} */ e) => setShown([layer.id], e.target.checked)} />
          ${entries.length === 1 ? layerSymbol(layer) : ''}<span class="layer-title">${title}</span>
        </label>
        <span class="layer-meta">
          ${originsOf(layer).map(([origin, count]) => badge(origin, { bare: true, title: t('origin.count', { origin: originName(origin), count: number(count) }) }))}
          <button class="count num" data-testid="table-${layer.id}" title=${t('layers.table', { title })}
            @click=${() => toggleTable(layer.id)}>${number(layer.count)}<span class="sr">${t('layers.table', { title })}</span></button>
        </span>
      </div>
      ${on && entries.length ? this.legend(layer) : ''}
      ${on ? this.range(layer) : ''}
    </li>`;
  }

  legend(/** @type {Layer} */ layer) {
    const { title, entries } = layer.legend;
    const origins = originsOf(layer);
    return html`<div class="legend" data-testid="legend-${layer.id}">
      <p class="scale-name"><span>${pick(title)}</span>${origins.length ? origins.map(([origin]) => badge(origin)) : html`<span class="muted">—</span>`}</p>
      ${entries.length > 1 ? html`<ul>${entries.map((entry) => html`<li>${symbol(entry)}${entry.text ? html`<b class="mark">${pick(entry.text)}</b>` : ''}<span>${pick(entry.label)}</span></li>`)}</ul>` : ''}
    </div>`;
  }

  range(/** @type {Layer} */ layer) {
    const zoom = data.zoom.value;
    if (layer.minzoom !== null && zoom < layer.minzoom) return html`<p class="hint">${t('layers.zoom_in', { zoom: layer.minzoom })}</p>`;
    return layer.time && url.time.value ? html`<p class="hint">${t('layers.now_only')}</p>` : '';
  }
}

class OriginStrip extends Part {
  render() {
    const strip = data.catalogue.value?.origin_strip ?? [];
    if (!strip.length) return html``;
    return html`<p class="strip" tabindex="0" role="region" aria-label=${t('origin.strip')} data-testid="origin-strip"><b>${t('origin.strip')}</b>
      ${strip.map((entry) => html`<span class="strip-item">${pick(entry.title)} ${badge(entry.origin, { bare: true })}<span class="origin-${entry.origin}">${pick(entry.note) || originName(entry.origin)}</span></span>`)}
    </p>`;
  }
}

define('sg-layers', LayerTree);
define('sg-strip', OriginStrip);
