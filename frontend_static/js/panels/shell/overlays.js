// @ts-check
/** Messages, dialogs and the map's context menu. */
import { effect } from '@preact/signals-core';
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { maybe, pick, t } from '../../core/i18n.js';
import { theMap } from '../../map/instance.js';
import { alarmCard } from '../desk/alarms.js';
import { icon } from '../widgets.js';
import { dismiss, toast, toastStore } from '../../model/toasts.js';
import { flyAt } from '../../model/flight.js';
import { addVia, placeAt, setWaypoint } from '../../model/stops.js';
import { openDialog, shellStore } from '../../model/shell.js';
import { setOrigin } from '../../model/reach.js';
import { enterAt } from '../../model/near.js';
import { mayDecide, sessionStore, signOut } from '../../model/session.js';
import { openMenu, viewStore } from '../../model/view.js';
import { probe } from '../../map/probe.js';

/** @typedef {import('../../core/types.js').Toast} Toast */

class Toasts extends Part {
  render() {
    return html`<div class="toasts" role="log" aria-live="polite" data-testid="toasts">
      ${alarmCard()}${repeat(toastStore.shown.value, (entry) => entry.id, (entry) => this.toast(entry))}
    </div>`;
  }

  toast(/** @type {Toast} */ entry) {
    const act = () => {
      dismiss(entry.id);
      entry.action?.run();
    };
    return html`<div class="toast ${entry.kind}" data-testid="toast" data-kind=${entry.kind}>
      <span>${entry.text}</span>
      ${entry.action ? html`<button data-testid="toast-action" @click=${act}>${entry.action.label}</button>` : ''}
      <button class="plain" data-testid="toast-close" aria-label=${t('app.close')}
        @click=${() => dismiss(entry.id)}>${icon('close')}</button>
    </div>`;
  }
}

/** Room that the map's menu needs. */
const MENU_PX = { width: 190, height: 312 };

/** The command that makes a link; every account's id may stand for the dispatcher's. */
const NEW_LINK = html`<pre data-testid="signin-command">./sigang token dispatcher --link</pre>`;

/** @type {[string, import('../../core/i18n.js').Key][]} */
const KEYS = [
  ['/', 'keys.search'],
  ['T', 'keys.table'],
  ['B', 'keys.board'],
  ['L', 'keys.layers'],
  ['1', 'keys.inspect'],
  ['2', 'keys.path'],
  ['3', 'keys.events'],
  ['4', 'keys.scenarios'],
  ['5', 'keys.air'],
  ['6', 'keys.heat'],
  ['7', 'keys.water'],
  ['8', 'keys.linkage'],
  ['J  K  Enter  A  X', 'keys.inbox'],
  ['N', 'keys.now'],
  ['P', 'keys.play'],
  ['< >', 'keys.speed'],
  ['V', 'keys.space'],
  ['H', 'keys.datum'],
  ['F', 'keys.flights'],
  ['D', 'keys.theme'],
  ['← ↑ → ↓  + −', 'keys.map'],
  ['Shift F10', 'keys.menu'],
  ['Esc', 'keys.escape'],
  ['?', 'keys.help'],
];

/** @type {Record<import('../../model/shell.js').Dialog, import('../../core/i18n.js').Key>} */
const TITLES = {
  keys: 'app.keys',
  account: 'session.account',
  expired: 'session.expired_title',
  ended: 'session.ended_title',
};

class Dialogs extends Part {
  render() {
    const which = shellStore.dialog.value;
    if (!which) return html``;
    return html`<dialog class="dialog" data-testid="dialog-${which}" aria-labelledby="dialog-title"
      @close=${() => openDialog(null)}>
      <header><h2 id="dialog-title">${t(TITLES[which])}</h2><button class="plain" data-testid="dialog-close"
        aria-label=${t('app.close')} @click=${this.close}>${icon('close')}</button></header>
      ${which === 'keys' ? this.keys() : which === 'account' ? this.account() : this.linkNeeded(which)}
    </dialog>`;
  }

  updated() {
    const dialog = this.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
  }

  close() {
    this.querySelector('dialog')?.close();
  }

  keys() {
    const row = (/** @type {typeof KEYS[number]} */ [key, label]) =>
      html`<div><dt><kbd>${key}</kbd></dt><dd>${t(label)}</dd></div>`;
    return html`<dl class="keys-list">${KEYS.map(row)}</dl>`;
  }

  account() {
    const who = sessionStore.account.value;
    if (!who) {
      return html`<p data-testid="signin-how">${t('session.how')}</p>${NEW_LINK}
        <p class="muted">${t('session.public')}</p>`;
    }
    const role = maybe(`role.${who.role}`, who.role);
    return html`<dl class="facts">
        <div><dt>${t('session.account')}</dt><dd data-testid="account-name">${pick(who.name)}</dd></div>
        <div><dt>${t('session.role')}</dt><dd data-testid="account-role">${role}</dd></div>
        <div><dt>${t('session.scope')}</dt><dd class="num" data-testid="account-scope">${who.scope}</dd></div>
      </dl>
      <div class="actions"><button data-testid="sign-out" @click=${signOut}>${t('session.sign_out')}</button>
        ${who.role === 'admin' ? html`<a data-testid="admin" href="admin">${t('session.admin')}</a>` : ''}</div>`;
  }

  linkNeeded(/** @type {'expired' | 'ended'} */ why) {
    return html`<p data-testid="signin-${why}">${t(/** @type {const} */ (`session.${why}`))}</p>${NEW_LINK}
      ${why === 'expired' ? html`<p class="muted">${t('session.public')}</p>` : ''}`;
  }
}

class MapMenu extends Part {
  connectedCallback() {
    super.connectedCallback();
    const first = () => /** @type {HTMLElement | null} */ (this.querySelector('button'))?.focus();
    this.stop = effect(() => {
      if (viewStore.menu.value) this.updateComplete.then(first);
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stop?.();
  }

  render() {
    const menu = viewStore.menu.value;
    if (!menu) return html``;
    const [lon, lat] = menu.lngLat;
    const text = `${lon.toFixed(6)}, ${lat.toFixed(6)}`;
    const left = Math.min(menu.x, (this.parentElement?.clientWidth ?? 0) - MENU_PX.width);
    const top = Math.min(menu.y, (this.parentElement?.clientHeight ?? 0) - MENU_PX.height);
    return html`<div class="menu" role="menu" aria-label=${t('map.menu')} data-testid="map-menu"
      style="left:${left}px;top:${top}px" @keydown=${this.key} @focusout=${this.leave}>
      <p class="muted num" role="presentation">${text}</p>
      ${this.planning(placeAt(lon, lat))}
      ${this.item('menu-fly', t('air.fly'), () => flyAt('point', [menu.lngLat]))}
      ${mayDecide() ? this.item('menu-enter', t('map.enter'), () => this.enter(menu)) : ''}
      ${this.item('menu-what', t('map.what'), () => this.query(menu))}
      ${this.item('menu-copy', t('map.copy'), () => this.copy(text))}
    </div>`;
  }

  planning(/** @type {import('../../core/hash.js').Waypoint} */ point) {
    return html`${this.item('menu-start', t('map.start'), () => setWaypoint(0, point))}
      ${this.item('menu-end', t('map.end'), () => setWaypoint(-1, point))}
      ${this.item('menu-via', t('map.via'), () => addVia(point))}
      ${this.item('menu-reach', t('map.reach'), () => setOrigin(point, 'reach'))}
      ${this.item('menu-nearest', t('map.nearest'), () => setOrigin(point, 'nearest'))}`;
  }

  item(/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ run) {
    const act = () => {
      openMenu(null);
      run();
    };
    return html`<button role="menuitem" data-testid=${id} @click=${act}>${label}</button>`;
  }

  query(/** @type {import('../../model/view.js').Menu} */ menu) {
    const map = theMap.peek();
    if (map) probe(map, menu);
  }

  /** Close, slow or report at the stake there; where no route has stakes, the road there is selected. */
  async enter(/** @type {import('../../model/view.js').Menu} */ menu) {
    if (await enterAt(menu.lngLat, viewStore.zoom.peek())) return;
    toast({ kind: 'info', text: t('map.no_stakes') });
    this.query(menu);
  }

  async copy(/** @type {string} */ text) {
    try {
      await navigator.clipboard.writeText(text);
      toast({ kind: 'ok', text: t('map.copied') });
    } catch {
      toast({ kind: 'warn', text });
    }
  }

  key(/** @type {KeyboardEvent} */ event) {
    const items = [...this.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = items.findIndex((item) => item === document.activeElement);
      items[(at + step + items.length) % items.length]?.focus();
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      openMenu(null);
      /** @type {HTMLElement | null} */ (document.querySelector('#map'))?.focus();
    }
  }

  leave(/** @type {FocusEvent} */ event) {
    if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) openMenu(null);
  }
}

define('sg-toasts', Toasts);
define('sg-dialogs', Dialogs);
define('sg-menu', MapMenu);
