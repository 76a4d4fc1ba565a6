// @ts-check
/** Messages, dialogs and the map's context menu. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { request } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { pick, t } from '../../core/i18n.js';
import { setOrigin } from '../../model/reach.js';
import { addVia, setWaypoint } from '../../model/stops.js';
import { account, data, dismiss, toast } from '../../core/store.js';
import { theMap } from '../../map/instance.js';
import { alarmCard } from '../desk/alarms.js';
import { icon } from '../widgets.js';

/** @typedef {import('../../core/types.js').Toast} Toast */

const STAY_MS = 7000;
const STAY_WITH_ACTION_MS = 30_000;

class Toasts extends Part {
  constructor() {
    super();
    /** @type {Map<number, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
  }

  render() {
    for (const entry of data.toasts.value) {
      if (!this.timers.has(entry.id)) this.timers.set(entry.id, setTimeout(() => dismiss(entry.id), entry.sticky ? STAY_WITH_ACTION_MS : STAY_MS));
    }
    return html`<div class="toasts" role="log" aria-live="polite" data-testid="toasts">
      ${alarmCard()}${repeat(data.toasts.value, (entry) => entry.id, (entry) => this.toast(entry))}
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
      <button class="plain" data-testid="toast-close" aria-label=${t('app.close')} @click=${() => dismiss(entry.id)}>${icon('close')}</button>
    </div>`;
  }
}

/** The command that makes a link; every account's id may stand for the dispatcher's. */
const NEW_LINK = html`<pre data-testid="signin-command">./sigang token dispatcher --link</pre>`;

/** @type {[string, import('../../core/i18n.js').Key][]} */
const KEYS = [
  ['/', 'keys.search'],
  ['T', 'keys.table'],
  ['L', 'keys.layers'],
  ['1', 'keys.inspect'],
  ['2', 'keys.path'],
  ['3', 'keys.events'],
  ['N', 'keys.now'],
  ['D', 'keys.theme'],
  ['← ↑ → ↓  + −', 'keys.map'],
  ['Shift F10', 'keys.menu'],
  ['Esc', 'keys.escape'],
  ['?', 'keys.help'],
];

class Dialogs extends Part {
  render() {
    const which = data.dialog.value;
    if (!which) return html``;
    const title = t(/** @type {const} */ ({ keys: 'app.keys', account: 'session.account', expired: 'session.expired_title', ended: 'session.ended_title' })[which]);
    return html`<dialog class="dialog" data-testid="dialog-${which}" aria-labelledby="dialog-title" @close=${() => (data.dialog.value = null)}>
      <header><h2 id="dialog-title">${title}</h2><button class="plain" data-testid="dialog-close" aria-label=${t('app.close')} @click=${this.close}>${icon('close')}</button></header>
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
    return html`<dl class="keys-list">${KEYS.map(([key, label]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(label)}</dd></div>`)}</dl>`;
  }

  account() {
    const who = account.value;
    if (!who) return html`<p data-testid="signin-how">${t('session.how')}</p>${NEW_LINK}<p class="muted">${t('session.public')}</p>`;
    return html`<dl class="facts">
        <div><dt>${t('session.account')}</dt><dd data-testid="account-name">${pick(who.name)}</dd></div>
        <div><dt>${t('session.role')}</dt><dd data-testid="account-role">${t(/** @type {any} */ (`role.${who.role}`))}</dd></div>
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

async function signOut() {
  await request('session/end', { method: 'POST', body: {} });
  location.reload();
}

class MapMenu extends Part {
  static properties = { at: { state: true } };

  constructor() {
    super();
    /** @type {{ x: number, y: number, lngLat: [number, number] } | null} */
    this.at = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.parentElement?.addEventListener('map-menu', (event) => {
      this.at = /** @type {CustomEvent} */ (event).detail;
      this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector('button'))?.focus());
    });
  }

  render() {
    if (!this.at) return html``;
    const { x, y, lngLat } = this.at;
    const text = `${lngLat[0].toFixed(6)}, ${lngLat[1].toFixed(6)}`;
    const point = { lon: lngLat[0], lat: lngLat[1], label: `${lngLat[0].toFixed(5)}, ${lngLat[1].toFixed(5)}` };
    const width = this.parentElement?.clientWidth ?? 0;
    const height = this.parentElement?.clientHeight ?? 0;
    return html`<div class="menu" role="menu" aria-label=${t('map.menu')} data-testid="map-menu" style="left:${Math.min(x, width - 190)}px;top:${Math.min(y, height - 250)}px"
      @keydown=${this.key} @focusout=${this.leave}>
      <p class="muted num" role="presentation">${text}</p>
      ${this.item('menu-start', t('map.start'), () => setWaypoint(0, point))}
      ${this.item('menu-end', t('map.end'), () => setWaypoint(-1, point))}
      ${this.item('menu-via', t('map.via'), () => addVia(point))}
      ${this.item('menu-reach', t('map.reach'), () => setOrigin(point, 'reach'))}
      ${this.item('menu-nearest', t('map.nearest'), () => setOrigin(point, 'nearest'))}
      ${this.item('menu-what', t('map.what'), () => this.query(x, y))}
      ${this.item('menu-copy', t('map.copy'), () => this.copy(text))}
    </div>`;
  }

  item(/** @type {string} */ id, /** @type {string} */ label, /** @type {() => void} */ run) {
    const act = () => {
      this.at = null;
      run();
    };
    return html`<button role="menuitem" data-testid=${id} @click=${act}>${label}</button>`;
  }

  query(/** @type {number} */ x, /** @type {number} */ y) {
    const view = /** @type {any} */ (document.querySelector('sg-map'));
    const map = theMap.peek();
    if (map) view.probe(map, { x, y });
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
    const items = /** @type {HTMLElement[]} */ ([...this.querySelectorAll('button')]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      items[(items.indexOf(/** @type {any} */ (document.activeElement)) + step + items.length) % items.length]?.focus();
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.at = null;
      /** @type {HTMLElement | null} */ (document.querySelector('#map'))?.focus();
    }
  }

  leave(/** @type {FocusEvent} */ event) {
    if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) this.at = null;
  }
}

define('sg-toasts', Toasts);
define('sg-dialogs', Dialogs);
define('sg-menu', MapMenu);
