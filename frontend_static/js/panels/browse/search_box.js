// @ts-check
/** <sg-search>: one box for names, routes, stakes, ports, codes and coordinates. */
import { html } from 'lit';
import { aborted, request } from '../../core/api.js';
import { Part, debounce, define } from '../../core/base.js';
import { findLayer } from '../../core/catalog.js';
import { pick, t } from '../../core/i18n.js';
import { setWaypoint } from '../../model/stops.js';
import { select } from '../../model/select.js';
import { data, url } from '../../core/store.js';
import { showExtent, showPoint } from '../../map/camera.js';
import { badge, failure, icon, layerSymbol } from '../widgets.js';

/** @typedef {import('../../core/types.js').SearchResult} Result */

const DELAY_MS = 160;
const LIMIT = 10;

const key = (/** @type {Result} */ result) => `${result.layer} ${result.id}`;

class Search extends Part {
  static properties = {
    query: { state: true },
    results: { state: true },
    error: { state: true },
    active: { state: true },
    open: { state: true },
    asked: { state: true },
  };

  constructor() {
    super();
    this.query = '';
    this.asked = '';
    /** @type {Result[]} */
    this.results = [];
    /** Why a stake that was named is not found. @type {import('../../core/types.js').Text | null} */
    this.note = null;
    /** @type {unknown} */
    this.error = null;
    this.active = -1;
    this.open = false;
    /** @type {AbortController | null} */
    this.running = null;
    /** Enter pressed before the answer came. @type {KeyboardEvent | null} */
    this.entered = null;
    this.later = debounce(() => this.ask(), DELAY_MS);
  }

  render() {
    const expanded = this.open && this.asked !== '';
    return html`<div class="search" role="search" @focusout=${this.leave}>
      ${icon('search')}
      <input id="search" data-testid="search" type="text" role="combobox" autocomplete="off" spellcheck="false" enterkeyhint="search"
        aria-label=${t('search.label')} placeholder=${t('search.short')} aria-autocomplete="list" aria-controls="search-list"
        aria-expanded=${expanded} aria-activedescendant=${this.active >= 0 ? `search-${this.active}` : ''}
        .value=${this.query} @input=${this.typed} @keydown=${this.key} @focus=${() => (this.open = true)} />
      ${expanded ? this.list() : html`<div id="search-list" hidden></div>`}
      <span class="sr" role="status">${expanded ? t('search.results', { count: this.results.length }) : ''}</span>
    </div>`;
  }

  list() {
    if (this.error) return html`<div class="search-list" id="search-list">${failure(this.error, () => this.ask())}</div>`;
    if (!this.results.length) return html`<div class="search-list" id="search-list"><p class="muted" data-testid="search-none">${pick(this.note) || t('search.none', { query: this.asked })}</p></div>`;
    return html`<div class="search-list" id="search-list" role="listbox" aria-label=${t('search.results', { count: this.results.length })} data-testid="search-list">
      ${this.results.map((result, index) => this.row(result, index))}
    </div>`;
  }

  row(/** @type {Result} */ result, /** @type {number} */ index) {
    const label = pick(result.label);
    const codes = typeof result.codes === 'string' ? result.codes : Object.values(result.codes ?? {}).join(' ');
    const point = { lon: result.center[0], lat: result.center[1], label };
    const set = (/** @type {number} */ at) => (/** @type {Event} */ event) => {
      event.stopPropagation();
      this.done();
      setWaypoint(at, point);
    };
    return html`<div class="search-row ${index === this.active ? 'active' : ''}">
      <div class="search-main" role="option" id="search-${index}" aria-selected=${index === this.active} data-testid="search-result" data-label=${label} data-key=${key(result)} data-layer=${result.layer}
        @mousedown=${(/** @type {Event} */ e) => e.preventDefault()} @click=${() => this.choose(result)}>
        ${layerSymbol(findLayer(result.layer))}
        <span class="search-label">${label} <small class="muted">${codes}</small></span>
        <span class="search-kind">${pick(result.kind_label)} ${result.origin ? badge(result.origin, { bare: true }) : ''}</span>
      </div>
      <button class="mini" tabindex="-1" data-testid="search-start" title=${t('search.start')} aria-label="${t('search.start')}: ${label}" @mousedown=${(/** @type {Event} */ e) => e.preventDefault()} @click=${set(0)}>A</button>
      <button class="mini" tabindex="-1" data-testid="search-end" title=${t('search.end')} aria-label="${t('search.end')}: ${label}" @mousedown=${(/** @type {Event} */ e) => e.preventDefault()} @click=${set(-1)}>B</button>
    </div>`;
  }

  typed(/** @type {Event} */ event) {
    this.query = /** @type {HTMLInputElement} */ (event.target).value;
    this.open = true;
    this.asked = '';
    this.entered = null;
    this.later();
  }

  async ask() {
    this.running?.abort();
    const query = this.query.trim();
    if (!query) {
      this.asked = '';
      this.results = [];
      return;
    }
    this.running = new AbortController();
    try {
      const answer = await request('search', { params: { q: query, limit: LIMIT, lang: url.lang.peek() }, signal: this.running.signal });
      this.results = answer.results;
      this.note = answer.note;
      this.error = null;
    } catch (error) {
      if (aborted(error)) return;
      this.error = error;
    }
    this.asked = query;
    this.active = this.results.length ? 0 : -1;
    if (this.entered && this.results.length) this.enter(this.entered, this.results[0]);
    this.entered = null;
  }

  key(/** @type {KeyboardEvent} */ event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.results.length) {
      event.preventDefault();
      this.open = true;
      this.active = (this.active + step + this.results.length) % this.results.length;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (this.asked !== this.query.trim()) this.entered = event;
      else if (this.results[this.active]) this.enter(event, this.results[this.active]);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      this.done();
      /** @type {HTMLElement} */ (event.target).blur();
    }
  }

  /** Enter shows the result; with Shift it becomes the start, with Control the end. */
  enter(/** @type {KeyboardEvent} */ event, /** @type {Result} */ result) {
    const point = { lon: result.center[0], lat: result.center[1], label: pick(result.label) };
    if (event.shiftKey) setWaypoint(0, point);
    else if (event.ctrlKey) setWaypoint(-1, point);
    else this.choose(result);
    this.done();
  }

  choose(/** @type {Result} */ result) {
    this.done();
    if (result.id && result.action === 'feature' && findLayer(result.layer)) {
      select({ layer: result.layer, id: result.id }, true);
      return;
    }
    if (result.bbox) showExtent(result.bbox);
    else showPoint(result.center);
    data.drawer.value = null;
  }

  leave(/** @type {FocusEvent} */ event) {
    if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) this.open = false;
  }

  done() {
    this.open = false;
    this.active = -1;
  }
}

define('sg-search', Search);
