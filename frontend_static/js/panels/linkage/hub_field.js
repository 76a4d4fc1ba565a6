// @ts-check
/** <sg-hub-field>: a hub by name, code or pinyin, or a place on the map. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { findHubs, placeOf } from '../../core/linkage.js';
import { maybe, pick, t } from '../../core/i18n.js';
import { startDraw } from '../../model/draw.js';
import { hubsById, linkageStore, setShipment } from '../../model/linkage.js';
import { openDrawer } from '../../model/shell.js';
import { icon } from '../widgets.js';

/** @typedef {import('../../core/linkage.js').Hub} Hub */

const stay = (/** @type {Event} */ event) => event.preventDefault();

/** Name a hub as it is kept: by its name and code, else as it was typed. */
export function hubName(/** @type {string | null} */ id) {
  const hub = hubsById.value.get(id ?? '');
  return hub ? pick(hub.name) : id ?? '';
}

const shown = (/** @type {string} */ id) => {
  const code = hubsById.value.get(id)?.un_locodes[0];
  return code ? `${hubName(id)} ${code}` : hubName(id);
};

class HubField extends Part {
  static properties = {
    side: { attribute: false }, wrong: { attribute: false }, typed: { state: true }, active: { state: true },
  };

  constructor() {
    super();
    /** @type {'start' | 'goal' | 'hub'} */
    this.side = 'start';
    /** Whether the server refused it. */
    this.wrong = false;
    /** What is typed and not yet chosen. @type {string | null} */
    this.typed = null;
    this.active = 0;
  }

  get found() {
    return this.typed === null ? [] : findHubs(linkageStore.hubs.value, this.typed);
  }

  render() {
    const { side, typed, found } = this;
    const kept = linkageStore.draft.value[side];
    const open = typed !== null && !placeOf(typed);
    const id = `link-${side}`;
    return html`<div class="hub-field ${this.wrong ? 'wrong' : ''}" @focusout=${this.leave}>
      <label for=${id}>${t(`link.${side}`)}</label>
      <input id=${id} data-testid=${id} type="text" role="combobox" autocomplete="off" spellcheck="false"
        aria-autocomplete="list" aria-controls="${id}-list" aria-expanded=${open}
        aria-activedescendant=${open && found.length ? `${id}-${this.active}` : ''} aria-invalid=${this.wrong}
        aria-describedby=${this.wrong ? `link-${side}-why` : ''} placeholder=${t('link.hub_hint')}
        .value=${typed ?? shown(kept)} @focus=${(/** @type {any} */ e) => e.target.select()}
        @input=${(/** @type {any} */ e) => this.type(e.target.value)} @keydown=${this.key} />
      ${side === 'hub' ? '' : html`<button type="button" class="plain" data-testid="${id}-map"
        title=${t('link.on_map')} aria-label="${t(`link.${side}`)}: ${t('link.on_map')}"
        @click=${this.onMap}>${icon('target')}</button>`}
      ${open ? this.list(found, id) : html`<div id="${id}-list" hidden></div>`}</div>`;
  }

  list(/** @type {Hub[]} */ found, /** @type {string} */ id) {
    if (!found.length) {
      return html`<div class="hub-list" id="${id}-list"><p class="muted">${t('link.no_hub')}</p></div>`;
    }
    const row = (/** @type {Hub} */ hub, /** @type {number} */ at) =>
      html`<div role="option" id="${id}-${at}" aria-selected=${at === this.active} data-testid="hub-option"
        data-id=${hub.id} class=${at === this.active ? 'active' : ''} @mousedown=${stay}
        @click=${() => this.choose(hub)}>
        <span>${pick(hub.name)} <small class="muted">${hub.un_locodes.join(' ')}</small></span>
        <small class="muted">${maybe(`link.kind_of.${hub.kind}`, hub.kind)}</small></div>`;
    return html`<div class="hub-list" id="${id}-list" role="listbox" aria-label=${t('link.hubs')}>${
      found.map(row)}</div>`;
  }

  type(/** @type {string} */ text) {
    this.typed = text;
    this.active = 0;
  }

  key(/** @type {KeyboardEvent} */ event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { found } = this;
    if (step) {
      event.preventDefault();
      if (this.typed === null) this.typed = '';
      else if (found.length) this.active = (this.active + step + found.length) % found.length;
    } else if (event.key === 'Enter' && this.typed !== null) {
      event.preventDefault();
      const hub = found[this.active];
      if (hub && !placeOf(this.typed)) this.choose(hub);
      else this.take();
    } else if (event.key === 'Escape' && this.typed !== null) {
      event.stopPropagation();
      this.typed = null;
    }
  }

  choose(/** @type {Hub} */ hub) {
    this.typed = null;
    setShipment({ [this.side]: hub.id });
  }

  /** Keep what is typed as it is: a place, a code, or what the server shall say something about. */
  take() {
    if (this.typed === null) return;
    const place = placeOf(this.typed);
    const [only, second] = findHubs(linkageStore.hubs.peek(), this.typed);
    const text = place ? place.join(',') : this.typed.trim() && only && !second ? only.id : this.typed.trim();
    this.typed = null;
    setShipment({ [this.side]: text });
  }

  leave(/** @type {FocusEvent} */ event) {
    if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) this.take();
  }

  onMap() {
    if (this.side === 'hub') return;
    openDrawer(null);
    startDraw('point', `linkage-${this.side}`);
  }
}

define('sg-hub-field', HubField);
