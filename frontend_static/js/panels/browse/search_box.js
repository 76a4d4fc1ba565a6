// @ts-check
/** <sg-search>: the search box and its results. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { distance, pick, t } from '../../core/i18n.js';
import { isPlace, whereOf } from '../../core/search.js';
import { showExtent, showPoint } from '../../map/camera.js';
import { openAir } from '../../model/flight.js';
import { findLayer } from '../../model/layers.js';
import { ask, enter, leaveSearch, mark, openSearch, pinResult, searchStore, type } from '../../model/search.js';
import { select } from '../../model/selection.js';
import { enterFound } from '../../model/near.js';
import { mayDecide } from '../../model/session.js';
import { openDrawer } from '../../model/shell.js';
import { setWaypoint } from '../../model/stops.js';
import { badge, failure, icon, layerSymbol } from '../widgets.js';

/** @typedef {import('../../core/types.js').SearchResult} Result */

const key = (/** @type {Result} */ result) => `${result.layer} ${result.id}`;
/** What is said where nothing is found. */
const none = () => pick(searchStore.note.value) || t('search.none', { query: searchStore.asked.value });
const stay = (/** @type {Event} */ event) => event.preventDefault();
const pointOf = (/** @type {Result} */ { center: [lon, lat], label }) => ({ lon, lat, label: pick(label) });

class Search extends Part {
  render() {
    const expanded = searchStore.open.value && searchStore.asked.value !== '';
    const active = searchStore.active.value;
    const count = searchStore.results.value.length;
    return html`<div class="search" role="search" @focusout=${this.leave}>
      ${icon('search')}
      <input id="search" data-testid="search" type="text" role="combobox" autocomplete="off" spellcheck="false"
        enterkeyhint="search" aria-label=${t('search.label')} placeholder=${t('search.short')}
        aria-autocomplete="list" aria-controls="search-list" aria-expanded=${expanded}
        aria-activedescendant=${expanded && active >= 0 ? `search-${active}` : ''}
        aria-describedby="search-keys" .value=${searchStore.query.value}
        @input=${(/** @type {any} */ e) => type(e.target.value)} @keydown=${this.key}
        @focus=${() => openSearch(true)} />
      ${expanded ? this.list() : html`<div id="search-list" hidden></div>`}
      <span class="sr" id="search-keys">${t('search.keys')}</span>
      <span class="sr" role="status">${expanded ? count ? t('search.results', { count }) : none() : ''}</span>
    </div>`;
  }

  list() {
    const error = searchStore.error.value;
    const results = searchStore.results.value;
    if (error) return html`<div class="search-list" id="search-list">${failure(error, ask)}</div>`;
    if (!results.length) return this.nothing();
    return html`<div class="search-list" id="search-list" role="listbox" data-testid="search-list"
      aria-label=${t('search.results', { count: results.length })}>
      ${results.map((result, index) => this.row(result, index))}
    </div>`;
  }

  nothing() {
    return html`<div class="search-list" id="search-list">
      <p class="muted" data-testid="search-none">${none()}</p></div>`;
  }

  row(/** @type {Result} */ result, /** @type {number} */ index) {
    const label = pick(result.label);
    const codes = typeof result.codes === 'string' ? result.codes : Object.values(result.codes ?? {}).join(' ');
    const active = index === searchStore.active.value;
    return html`<div class="search-row ${active ? 'active' : ''}" role="presentation">
      <div class="search-main" role="option" id="search-${index}" aria-selected=${active} data-testid="search-result"
        data-label=${label} data-key=${key(result)} data-layer=${result.layer}
        @mousedown=${stay} @click=${() => this.choose(result)}>
        ${layerSymbol(findLayer(result.layer))}
        <span class="search-label">${label} <small class="muted">${codes}</small>
          <small class="search-where muted" data-testid="search-where">${whereOf(result, pick, distance)}</small></span>
        <span class="search-kind">${pick(result.kind_label)} ${result.origin
          ? badge(result.origin, { bare: true })
          : ''}</span>
      </div>
      ${result.action === 'fly' ? '' : html`${this.stop(result, 'start', 0, 'A')}
      ${this.stop(result, 'end', -1, 'B')}`}
      ${result.route && mayDecide() ? this.entering(result) : ''}
    </div>`;
  }

  /** @param {Result} result @param {'start' | 'end'} role @param {number} at @param {string} sign */
  stop(result, role, at, sign) {
    const set = (/** @type {Event} */ event) => {
      event.stopPropagation();
      leaveSearch();
      setWaypoint(at, pointOf(result));
    };
    return html`<button class="mini" tabindex="-1" aria-hidden="true" data-testid="search-${role}"
      title=${t(`search.${role}`)} @mousedown=${stay} @click=${set}>${sign}</button>`;
  }

  /** Close, slow or report something at a stake that was found. */
  entering(/** @type {Result} */ result) {
    const run = (/** @type {Event} */ event) => {
      event.stopPropagation();
      this.enterAt(result);
    };
    return html`<button class="mini" tabindex="-1" aria-hidden="true" data-testid="search-enter"
      title=${t('map.enter')} @mousedown=${stay} @click=${run}>${icon('barrier')}</button>`;
  }

  enterAt(/** @type {Result} */ result) {
    this.choose(result);
    enterFound(result);
  }

  key(/** @type {KeyboardEvent} */ event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && searchStore.results.peek().length) {
      event.preventDefault();
      mark(step);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      enter((result) => this.enter(event, result));
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      leaveSearch();
      /** @type {HTMLElement} */ (event.target).blur();
    }
  }

  /** Enter shows the result; with Shift it becomes the start, with Control the end, with Alt a closure. */
  enter(/** @type {KeyboardEvent} */ event, /** @type {Result} */ result) {
    if (result.action === 'fly') this.choose(result);
    else if (event.altKey && result.route && mayDecide()) this.enterAt(result);
    else if (event.shiftKey) setWaypoint(0, pointOf(result));
    else if (event.ctrlKey) setWaypoint(-1, pointOf(result));
    else this.choose(result);
    leaveSearch();
  }

  choose(/** @type {Result} */ result) {
    leaveSearch();
    if (result.action === 'fly') {
      openAir('flight');
      return;
    }
    if (result.id && result.action === 'feature' && findLayer(result.layer)) {
      pinResult(null);
      select({ layer: result.layer, id: result.id }, true);
      return;
    }
    pinResult(isPlace(result) ? result : null);
    if (result.bbox) showExtent(result.bbox);
    else showPoint(result.center);
    openDrawer(null);
  }

  leave(/** @type {FocusEvent} */ event) {
    if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) openSearch(false);
  }
}

define('sg-search', Search);
