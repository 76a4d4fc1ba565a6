// @ts-check
/** Start the page: address, session, catalogue, events, live stream, keys. */
import { effect, untracked } from '@preact/signals-core';
import { pick, t } from './core/i18n.js';
import { publish } from './panels/test_hooks.js';
import './panels/browse/board.js';
import './panels/browse/layer_tree.js';
import './panels/browse/table.js';
import './panels/shell/maptools.js';
import './panels/sky/flights.js';
import './panels/sky/heights.js';
import './panels/sky/section.js';
import './panels/shell/overlays.js';
import './panels/shell/print.js';
import './panels/shell/side.js';
import './panels/shell/topbar.js';
import { fetchCatalogue, layerStore, loadCatalogue } from './model/layers.js';
import { watchReach } from './model/reach.js';
import { alarmStore, watchAlarms } from './model/alarms.js';
import { stepRow, watchApprovals } from './model/approvals.js';
import { loadEvents } from './model/events.js';
import { pinResult, searchStore } from './model/search.js';
import { select, selectionStore, watchActing, watchSelection } from './model/selection.js';
import { loadSession, noticeSignIn, sessionStore, watchSession } from './model/session.js';
import { tableStore, toggleTable, watchTable } from './model/table.js';
import { watchPath } from './model/path.js';
import { bindAddress } from './core/store.js';
import { drawStore, startDraw } from './model/draw.js';
import { openDialog, openDrawer, shellStore, showPanel, switchTheme } from './model/shell.js';
import { listen } from './model/stream.js';
import { airStore, watchFlight } from './model/flight.js';
import { watchRestrictions } from './model/restrictions.js';
import { watchNotices } from './model/air_notices.js';
import { watchReports } from './model/reports.js';
import { watchScenarios } from './model/scenarios.js';
import { boardStore, setKiosk, toggleBoard, watchBoard } from './model/board.js';
import { watchRefusal } from './model/refusal.js';
import { watchHistogram } from './model/histogram.js';
import { followNow, shiftSpeed } from './model/time.js';
import { follow, skyStore, switchDatum, switchFlights, watchSky } from './model/sky.js';
import { cutAlong, sectionStore, watchSection } from './model/section.js';
import { watchVoyage } from './model/voyage.js';
import { linkageOpen, watchLinkage } from './model/linkage.js';
import { watchHubBoard } from './model/hub_board.js';
import { watchBerths } from './model/berth.js';
import { watchDrill } from './model/drill.js';
import { watchGate } from './model/gate.js';
import { watchUnit } from './model/unit.js';
import { lockOpen, watchLock } from './model/lock.js';
import { turnSpace } from './map/camera.js';
import { expectMap } from './map/map.js';
import { togglePlay } from './panels/browse/timebar.js';

/** Keep the document in step with language, theme and drawers. */
function dressDocument() {
  effect(() => {
    document.documentElement.lang = shellStore.lang.value === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = shellStore.theme.value;
    document.documentElement.dataset.view = tableStore.view.value;
    document.documentElement.dataset.kiosk = String(boardStore.view.value === 'board' && boardStore.kiosk.value);
    document.documentElement.dataset.wide = String(lockOpen.value || linkageOpen.value);
    document.documentElement.dataset.alarm = String(alarmStore.waiting.value.length > 0);
    document.documentElement.dataset.drawer = shellStore.drawer.value ?? '';
    document.title = `${alarmStore.waiting.value.length ? `(${alarmStore.waiting.value.length}) ` : ''}${untitled()}`;
    const skip = document.querySelector('#skip');
    if (skip) skip.textContent = t('app.skip');
  });
}

const untitled = () => pick(layerStore.catalogue.value?.title) || '四港 Sigang';

/** Fetch the event list again when someone signs in or the language changes. */
function watchEvents() {
  effect(() => {
    void shellStore.lang.value;
    if (sessionStore.answer.value) untracked(loadEvents);
  });
}

const panel = (/** @type {import('./model/shell.js').Panel} */ name) => () => {
  showPanel(name, { drawer: true });
  queueMicrotask(focusOn(`#tab-${name}`));
};

const focusOn = (/** @type {string} */ selector) => () =>
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** Walk through the officer's inbox while it is open. */
const inInbox = (/** @type {number} */ step) => () => {
  if (shellStore.panel.peek() === 'air' && airStore.task.peek() === 'inbox') stepRow(step);
};

/** @type {Record<string, () => void>} */
const KEYS = {
  '/': focusOn('#search'),
  t: () => toggleTable(),
  b: toggleBoard,
  l: () => {
    openDrawer('layers');
    focusOn('sg-layers .filter')();
  },
  1: panel('inspect'),
  2: panel('path'),
  3: panel('events'),
  4: panel('scenarios'),
  5: panel('air'),
  6: panel('heat'),
  7: panel('water'),
  8: panel('linkage'),
  n: followNow,
  j: inInbox(1),
  k: inInbox(-1),
  p: togglePlay,
  '<': () => shiftSpeed(-1),
  '>': () => shiftSpeed(1),
  v: turnSpace,
  h: switchDatum,
  f: switchFlights,
  d: switchTheme,
  '?': () => openDialog('keys'),
  escape: () => {
    if (drawStore.state.peek().mode) startDraw(null);
    else if (boardStore.kiosk.peek()) setKiosk(false);
    else if (shellStore.drawer.peek()) openDrawer(null);
    else if (searchStore.pin.peek()) pinResult(null);
    else if (selectionStore.current.peek()) select(null);
    else if (skyStore.follow.peek()) follow(null);
    else if (sectionStore.line.peek()) cutAlong(null);
  },
};

function bindKeys() {
  addEventListener('keydown', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.closest('input:not([type=checkbox]):not([type=radio]), select, textarea, dialog[open]');
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const run = KEYS[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    run();
  });
}

async function start() {
  publish();
  noticeSignIn();
  bindAddress();
  expectMap();
  watchBoard();
  const catalogue = fetchCatalogue();
  catalogue.catch(() => null); // told by who takes it
  dressDocument();
  bindKeys();
  await loadSession();
  watchSelection();
  watchActing();
  watchPath();
  watchRefusal();
  watchReach();
  watchTable();
  watchHistogram();
  watchEvents();
  watchAlarms();
  watchFlight();
  watchApprovals();
  watchRestrictions();
  watchNotices();
  watchReports();
  watchScenarios();
  watchSky();
  watchSection();
  watchVoyage();
  watchLock();
  watchLinkage();
  watchHubBoard();
  watchUnit();
  watchBerths();
  watchDrill();
  watchGate();
  listen();
  watchSession();
  await loadCatalogue(catalogue);
}

start();
