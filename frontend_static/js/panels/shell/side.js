// @ts-check
/** <sg-side>: the right panel with its eight tabs. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { icon } from '../widgets.js';
import '../air/air.js';
import '../desk/desk.js';
import '../browse/inspector.js';
import '../browse/scenarios.js';
import '../plan/planner.js';
import { openDrawer, shellStore, showPanel } from '../../model/shell.js';
import { noticeStore } from '../../model/air_notices.js';
import { approvalStore } from '../../model/approvals.js';
import { alarmStore } from '../../model/alarms.js';
import { deskStore } from '../../model/events.js';
import { mayDecide } from '../../model/session.js';

const TABS = /** @type {const} */ (['inspect', 'path', 'events', 'scenarios', 'air', 'heat', 'water', 'linkage']);

/** The desks of heat, of waterways and of shipments are fetched when they are first opened. */
const openHeatDesk = () => void import('../heat/heat.js');
const openWaterDesk = () => void import('../water/water.js');
const openLinkageDesk = () => void import('../linkage/linkage.js');

class Side extends Part {
  render() {
    const current = shellStore.panel.value;
    return html`
      <div class="tabs">
        <div class="tab-list" role="tablist" aria-label=${t('app.side')} @keydown=${this.key}>
          ${TABS.map((tab) => this.tab(tab, tab === current))}</div>
        <button class="plain only-drawer" aria-label=${t('app.close')} data-testid="side-close"
          @click=${() => openDrawer(null)}>${icon('close')}</button>
      </div>
      <div class="tab-panel" role="tabpanel" id="side-panel" tabindex="0" aria-labelledby="tab-${current}">
        <h2 class="sr">${t(`side.${current}`)}</h2>
        ${current === 'inspect' ? html`<sg-inspector></sg-inspector>` : ''}
        ${current === 'path' ? html`<sg-planner></sg-planner>` : ''}
        ${current === 'events' ? html`<sg-desk></sg-desk>` : ''}
        ${current === 'air' ? html`<sg-air></sg-air>` : ''}
        ${current === 'heat' ? (openHeatDesk(), html`<sg-heat></sg-heat>`) : ''}
        ${current === 'water' ? (openWaterDesk(), html`<sg-water></sg-water>`) : ''}
        ${current === 'linkage' ? (openLinkageDesk(), html`<sg-linkage></sg-linkage>`) : ''}
        ${current === 'scenarios' ? html`<sg-scenarios></sg-scenarios>` : ''}
      </div>`;
  }

  tab(/** @type {typeof TABS[number]} */ tab, /** @type {boolean} */ current) {
    const waiting = approvalStore.count.value + noticeStore.open.value.length;
    const mine = mayDecide() ? alarmStore.waiting.value.length : deskStore.events.value.length;
    const count = { events: mine, air: waiting }[String(tab)] ?? 0;
    return html`<button role="tab" id="tab-${tab}" data-testid="tab-${tab}" aria-selected=${current}
      aria-controls="side-panel" tabindex=${current ? 0 : -1}
      @click=${() => showPanel(tab)}>${t(`side.${tab}`)}${count
        ? html`<b class="bubble" data-testid="${tab}-count">${count}</b>`
        : ''}</button>`;
  }

  key(/** @type {KeyboardEvent} */ event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = TABS[(TABS.indexOf(shellStore.panel.value) + step + TABS.length) % TABS.length];
    showPanel(next);
    this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(`#tab-${next}`))?.focus());
  }
}

define('sg-side', Side);
