// @ts-check
/** <sg-layers>: the layer tree with legends and origins, made from the catalogue. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { moment, number, pick, t } from '../../core/i18n.js';
import { badge, busy, failure, icon, layerSymbol, originName, symbol } from '../widgets.js';
import { DATED } from '../../model/dated.js';
import { toggleTable } from '../../model/table.js';
import { findLayer, layerStore, loadCatalogue, originsOf, resetShown, setShown } from '../../model/layers.js';
import { timeStore } from '../../model/time.js';
import { viewStore } from '../../model/view.js';
import { openDrawer } from '../../model/shell.js';

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
    const catalogue = layerStore.catalogue.value;
    const error = layerStore.error.value;
    const usual = !layerStore.on.value.length && !layerStore.off.value.length;
    return html`
      <div class="panel-head">
        <h2>${t('app.layers')}</h2>
        <button class="plain small" data-testid="layers-reset" ?disabled=${usual}
          @click=${resetShown}>${t('layers.reset')}</button>
        <button class="plain only-drawer" aria-label=${t('app.close')} data-testid="layers-close"
          @click=${() => openDrawer(null)}>${icon('close')}</button>
      </div>
      ${busy(!catalogue && !error)}
      ${error ? failure(error, () => loadCatalogue(), 'catalogue-retry') : ''}
      ${catalogue
        ? html`<input class="filter" type="search" data-testid="layers-filter" aria-label=${t('layers.filter')}
              placeholder=${t('layers.filter')} .value=${this.query}
              @input=${(/** @type {any} */ e) => (this.query = e.target.value)} />
            <div class="tree">${this.areas(catalogue)}</div>`
        : ''}
    `;
  }

  areas(/** @type {import('../../core/types.js').Catalogue} */ catalogue) {
    const query = this.query.trim().toLowerCase();
    const match = (/** @type {Layer} */ layer) => {
      const texts = [layer.id, ...Object.values(/** @type {any} */ (layer.title))];
      return !query || texts.some((text) => String(text).toLowerCase().includes(query));
    };
    const areas = catalogue.areas.map((area) => ({
      ...area,
      found: area.layers.flatMap((id) => findLayer(id) ?? []).filter(match),
    }));
    if (!areas.some((area) => area.found.length)) return html`<p class="muted pad">${t('layers.none')}</p>`;
    return areas.map((area) => (area.found.length ? this.area(area, query !== '') : ''));
  }

  area(/** @type {{ id: string, title: any, found: Layer[] }} */ area, /** @type {boolean} */ filtered) {
    const on = area.found.filter((layer) => layerStore.shown.value.includes(layer.id)).length;
    const open = filtered || !this.folded.has(area.id);
    const title = pick(area.title);
    const toggle = (/** @type {any} */ e) => setShown(area.found.map((l) => l.id), e.target.checked);
    return html`<section class="area" data-testid="area-${area.id}">
      <div class="area-head">
        <button class="fold" aria-expanded=${open} data-testid="fold-${area.id}"
          @click=${() => this.fold(area.id)}>${icon('chevron')}<span>${title}</span></button>
        <span class="muted num">${on}/${area.found.length}</span>
        <input type="checkbox" data-testid="area-toggle-${area.id}" aria-label=${t('layers.area', { title })}
          .checked=${on === area.found.length} .indeterminate=${on > 0 && on < area.found.length} @change=${toggle} />
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
    const on = layerStore.shown.value.includes(layer.id);
    const entries = layer.legend?.entries ?? [];
    const toggle = (/** @type {any} */ e) => setShown([layer.id], e.target.checked);
    return html`<li class="layer ${on ? 'on' : ''}" data-testid="layer-${layer.id}">
      <div class="layer-row">
        <label title=${pick(layer.description)}>
          <input type="checkbox" data-testid="toggle-${layer.id}" .checked=${on}
            ?disabled=${layer.geometry === 'none'} @change=${toggle} />
          ${entries.length === 1 ? layerSymbol(layer) : ''}<span class="layer-title">${pick(layer.title)}</span>
        </label>
        ${this.meta(layer)}
      </div>
      ${this.computed(layer)}
      ${on && entries.length ? this.legend(layer) : ''}
      ${on ? this.range(layer) : ''}
    </li>`;
  }

  /** Whether the rows of a computed layer still stand on what they were computed from. */
  computed(/** @type {Layer} */ { id, computed }) {
    if (!computed || computed.state === 'current') return '';
    const when = computed.computed_at ? moment(computed.computed_at, true) : '';
    return html`<p class="hint warn" data-testid="computed-${id}">${t(`layers.${computed.state}`, { when })}</p>`;
  }

  /** Origins of the rows, and their count that opens the table. */
  meta(/** @type {Layer} */ layer) {
    const label = t('layers.table', { title: pick(layer.title) });
    return html`<span class="layer-meta">
      ${originsOf(layer).map(([origin, count]) => {
        const title = t('origin.count', { origin: originName(origin), count: number(count) });
        return badge(origin, { bare: true, title });
      })}
      <button class="count num" data-testid="table-${layer.id}" title=${label}
        @click=${() => toggleTable(layer.id)}>${number(layer.count)}<span class="sr">${label}</span></button>
    </span>`;
  }

  legend(/** @type {Layer} */ layer) {
    const { title, entries } = layer.legend;
    const origins = originsOf(layer);
    return html`<div class="legend" data-testid="legend-${layer.id}">
      <p class="scale-name"><span>${pick(title)}</span>${origins.length
        ? origins.map(([origin]) => badge(origin))
        : html`<span class="muted">—</span>`}</p>
      ${entries.length > 1 ? html`<ul>${entries.map(legendRow)}</ul>` : ''}
    </div>`;
  }

  range(/** @type {Layer} */ layer) {
    const { minzoom: zoom } = layer;
    if (zoom !== null && viewStore.zoom.value < zoom) return html`<p class="hint">${t('layers.zoom_in', { zoom })}</p>`;
    if (!layer.time || timeStore.player.value !== null) return '';
    const at = timeStore.at.value;
    return !at ? '' : html`<p class="hint" data-testid="range-${layer.id}">${layer.id in DATED
      ? t('layers.at_time', { time: moment(at, true) }) : t('layers.now_only')}</p>`;
  }
}

function legendRow(/** @type {import('../../core/types.js').LegendEntry} */ entry) {
  const mark = entry.text ? html`<b class="mark">${pick(entry.text)}</b>` : '';
  return html`<li>${symbol(entry)}${mark}<span>${pick(entry.label)}</span></li>`;
}

class OriginStrip extends Part {
  render() {
    const strip = layerStore.catalogue.value?.origin_strip ?? [];
    if (!strip.length) return html``;
    return html`<p class="strip" tabindex="0" role="region" aria-label=${t('origin.strip')} data-testid="origin-strip">
      <b>${t('origin.strip')}</b>
      ${strip.map((entry) => this.entry(entry))}
    </p>`;
  }

  entry(/** @type {import('../../core/types.js').Catalogue['origin_strip'][number]} */ { title, origin, note }) {
    return html`<span class="strip-item">${pick(title)} ${badge(origin, { bare: true })}<span
      class="origin-${origin}">${pick(note) || originName(origin)}</span></span>`;
  }
}

define('sg-layers', LayerTree);
define('sg-strip', OriginStrip);
