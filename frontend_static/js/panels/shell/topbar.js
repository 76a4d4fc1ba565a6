// @ts-check
/** <sg-topbar>: name, key figures, live state, search, and the page's tools. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { clock, hoursMinutes, number, pick, t } from '../../core/i18n.js';
import { account, data, permalink, toast, url } from '../../core/store.js';
import { exportPng } from '../export.js';
import { printPage } from './print.js';
import { toggleTable } from '../browse/table.js';
import { alarmBell } from '../desk/alarms.js';
import { badge, icon, originName } from '../widgets.js';
import '../browse/search_box.js';

/** @typedef {import('../../core/types.js').Kpi} Kpi */

/** Longer than this the tiles may lag behind the rows before the map says so. */
const LONG_LAG_S = 60;

/** Copy the address of the state as it is now. */
export async function copyLink() {
  try {
    await navigator.clipboard.writeText(permalink());
    toast({ kind: 'ok', text: t('top.link_copied') });
  } catch {
    toast({ kind: 'warn', text: t('top.copy_failed') });
  }
}

export const switchTheme = () => (url.theme.value = url.theme.value === 'dark' ? 'light' : 'dark');
export const switchLang = () => (url.lang.value = url.lang.value === 'zh' ? 'en' : 'zh');

class TopBar extends Part {
  render() {
    const title = pick(data.catalogue.value?.title) || '四港';
    return html`
      <button class="plain only-narrow" data-testid="open-layers" aria-label=${t('app.layers')} aria-expanded=${data.drawer.value === 'layers'}
        @click=${() => this.drawer('layers')}>${icon('layers')}</button>
      <h1 class="brand"><img src="img/mark.svg" alt="" width="24" height="24" /><span>${title}</span></h1>
      <ul class="kpis" data-testid="kpis" aria-label=${t('top.kpis')}>${data.catalogue.value?.kpis.map((kpi) => this.kpi(kpi))}</ul>
      <sg-search></sg-search>
      ${this.live()}
      ${alarmBell()}
      <div class="tools" role="toolbar" aria-label=${t('top.tools')}>
        ${this.tool('table', 'table', t(url.view.value === 'table' ? 'top.map' : 'top.table'), () => toggleTable(), url.view.value === 'table')}
        ${this.tool('copy-link', 'link', t('top.copy_link'), copyLink)}
        ${this.tool('export-png', 'image', t('top.png'), exportPng)}
        ${this.tool('print', 'print', t('top.print'), printPage)}
        ${this.tool('theme', url.theme.value === 'dark' ? 'sun' : 'moon', t(url.theme.value === 'dark' ? 'top.theme_light' : 'top.theme_dark'), switchTheme)}
        <button class="plain" data-testid="lang" lang=${url.lang.value === 'zh' ? 'en' : 'zh'} aria-label="${t('top.lang_short')}: ${t('top.lang')}" title=${t('top.lang')} @click=${switchLang}>${t('top.lang_short')}</button>
        ${this.tool('keys', 'keyboard', t('app.keys'), () => (data.dialog.value = 'keys'))}
      </div>
      ${this.account()}
      <button class="plain only-narrow" data-testid="open-side" aria-label=${t('app.side')} aria-expanded=${data.drawer.value === 'side'}
        @click=${() => this.drawer('side')}>${icon('menu')}</button>
    `;
  }

  drawer(/** @type {'layers' | 'side'} */ which) {
    data.drawer.value = data.drawer.value === which ? null : which;
  }

  /** @param {string} id @param {string} shape @param {string} label @param {() => unknown} run @param {boolean} [pressed] */
  tool(id, shape, label, run, pressed) {
    return html`<button class="plain tool-${id}" data-testid=${id} aria-label=${label} title=${label}
      aria-pressed=${pressed === undefined ? null : String(pressed)} @click=${run}>${icon(shape)}</button>`;
  }

  kpi(/** @type {Kpi} */ kpi) {
    const shown = kpi.value === null ? '–' : number(kpi.value, 1);
    const unit = pick(kpi.unit);
    const label = t('top.kpi_open', { title: pick(kpi.title), value: shown, unit, origin: kpi.origin ? originName(kpi.origin) : '–' });
    return html`<li><button class="kpi" data-testid="kpi-${kpi.id}" data-value=${kpi.value} title=${label}
      ?disabled=${!kpi.layer} @click=${() => toggleTable(kpi.layer ?? undefined)}>
      <span class="kpi-title">${pick(kpi.title)} ${kpi.origin ? badge(kpi.origin, { bare: true }) : ''}</span>
      <span class="kpi-value">${shown}<small>${unit}</small></span>
    </button></li>`;
  }

  live() {
    const { state: stream, at } = data.live.value;
    const state = stream === 'live' && data.lag.value > LONG_LAG_S ? 'lagging' : stream;
    const text = {
      live: t('live.live'),
      lagging: t('live.lagging', { time: hoursMinutes(data.lag.value) }),
      connecting: t('live.connecting'),
      frozen: t('live.frozen'),
      stale: at ? t('live.stale', { time: clock(at, true) }) : t('live.never'),
    }[state];
    return html`<div class="live live-${state}" data-testid="live" data-state=${state} role="status" title=${text}><i aria-hidden="true"></i><span>${text}</span></div>`;
  }

  account() {
    const who = account.value;
    const name = who ? pick(who.name) : t('session.anonymous');
    return html`<button class="plain account" data-testid="account" data-role=${who?.role ?? 'anonymous'} title=${name}
      aria-haspopup="dialog" @click=${() => (data.dialog.value = 'account')}>${icon('user')}<span>${name}</span></button>`;
  }
}

define('sg-topbar', TopBar);
