// @ts-check
/** <sg-topbar>: name, key figures, live state, search, and the page's tools. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { clock, hoursMinutes, number, pick, t } from '../../core/i18n.js';
import { exportPng } from '../export.js';
import { printPage } from './print.js';
import { alarmBell } from '../desk/alarms.js';
import { badge, icon, originName } from '../widgets.js';
import '../browse/search_box.js';
import { openDialog, permalink, shellStore, switchLang, switchTheme, toggleDrawer } from '../../model/shell.js';
import { boardStore, toggleBoard } from '../../model/board.js';
import { toast } from '../../model/toasts.js';
import { liveStore } from '../../model/live.js';
import { layerStore } from '../../model/layers.js';
import { sessionStore } from '../../model/session.js';
import { tableStore, toggleTable } from '../../model/table.js';

/** @typedef {import('../../core/types.js').Kpi} Kpi */

/** Longer than this the tiles may lag behind the rows before the map says so. */
const LONG_LAG_S = 60;

/** Copy the address of the state as it is now. */
async function copyLink() {
  try {
    await navigator.clipboard.writeText(permalink());
    toast({ kind: 'ok', text: t('top.link_copied') });
  } catch {
    toast({ kind: 'warn', text: t('top.copy_failed') });
  }
}

class TopBar extends Part {
  render() {
    const catalogue = layerStore.catalogue.value;
    const title = pick(catalogue?.title) || '四港';
    const kpis = catalogue?.kpis.map((kpi) => this.kpi(kpi));
    return html`
      ${this.opener('layers', 'layers', t('app.layers'))}
      <h1 class="brand"><img src="img/mark.svg" alt="" width="24" height="24" /><span>${title}</span></h1>
      <ul class="kpis" data-testid="kpis" aria-label=${t('top.kpis')}>${kpis}</ul>
      <sg-search></sg-search>
      ${this.live()}
      ${alarmBell()}
      <div class="tools" role="toolbar" aria-label=${t('top.tools')}>${this.tools()}</div>
      ${this.account()}
      ${this.opener('side', 'menu', t('app.side'))}
    `;
  }

  /** The button of a drawer, in narrow windows. */
  opener(/** @type {'layers' | 'side'} */ which, /** @type {string} */ shape, /** @type {string} */ label) {
    return html`<button class="plain only-narrow" data-testid="open-${which}" aria-label=${label}
      aria-expanded=${shellStore.drawer.value === which} @click=${() => toggleDrawer(which)}>${icon(shape)}</button>`;
  }

  tools() {
    const table = tableStore.view.value === 'table';
    const dark = shellStore.theme.value === 'dark';
    const other = shellStore.lang.value === 'zh' ? 'en' : 'zh';
    return html`${this.tool('table', 'table', t(table ? 'top.map' : 'top.table'), () => toggleTable(), table)}
      ${this.tool('board', 'board', t(boardStore.view.value === 'board' ? 'top.map' : 'top.board'), toggleBoard,
        boardStore.view.value === 'board')}
      ${this.tool('copy-link', 'link', t('top.copy_link'), copyLink)}
      ${this.tool('export-png', 'image', t('top.png'), exportPng)}
      ${this.tool('print', 'print', t('top.print'), printPage)}
      ${this.tool('theme', dark ? 'sun' : 'moon', t(dark ? 'top.theme_light' : 'top.theme_dark'), switchTheme)}
      <button class="plain" data-testid="lang" lang=${other} aria-label="${t('top.lang_short')}: ${t('top.lang')}"
        title=${t('top.lang')} @click=${switchLang}>${t('top.lang_short')}</button>
      ${this.tool('keys', 'keyboard', t('app.keys'), () => openDialog('keys'))}`;
  }

  /**
   * @param {string} id @param {string} shape @param {string} label
   * @param {() => unknown} run @param {boolean} [pressed]
   */
  tool(id, shape, label, run, pressed) {
    return html`<button class="plain tool-${id}" data-testid=${id} aria-label=${label} title=${label}
      aria-pressed=${pressed === undefined ? null : String(pressed)} @click=${run}>${icon(shape)}</button>`;
  }

  kpi(/** @type {Kpi} */ kpi) {
    const value = kpi.value === null ? '–' : number(kpi.value, 1);
    const title = pick(kpi.title);
    const unit = pick(kpi.unit);
    const origin = kpi.origin ? originName(kpi.origin) : '–';
    return html`<li><button class="kpi" data-testid="kpi-${kpi.id}" data-value=${kpi.value}
      title=${t('top.kpi_open', { title, value, unit, origin })}
      ?disabled=${!kpi.layer} @click=${() => toggleTable(kpi.layer ?? undefined)}>
      <span class="kpi-title">${title} ${kpi.origin ? badge(kpi.origin, { bare: true }) : ''}</span>
      <span class="kpi-value">${value}<small>${unit}</small></span>
    </button></li>`;
  }

  live() {
    const { state: stream, at } = liveStore.stream.value;
    const lag = liveStore.lag.value;
    const state = stream === 'live' && lag > LONG_LAG_S ? 'lagging' : stream;
    const text = {
      live: t('live.live'),
      lagging: t('live.lagging', { time: hoursMinutes(lag) }),
      connecting: t('live.connecting'),
      frozen: t('live.frozen'),
      stale: at ? t('live.stale', { time: clock(at, true) }) : t('live.never'),
    }[state];
    return html`<div class="live live-${state}" data-testid="live" data-state=${state} role="status"
      title=${text}><i aria-hidden="true"></i><span>${text}</span></div>`;
  }

  account() {
    const who = sessionStore.account.value;
    const name = who ? pick(who.name) : t('session.anonymous');
    return html`<button class="plain account" data-testid="account" data-role=${who?.role ?? 'anonymous'} title=${name}
      aria-haspopup="dialog" @click=${() => openDialog('account')}>${icon('user')}<span>${name}</span></button>`;
  }
}

define('sg-topbar', TopBar);
