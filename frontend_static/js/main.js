// @ts-check
/** Start the page: address, session, catalogue, events, live stream, keys. */
import { effect, untracked } from '@preact/signals-core';
import { loadCatalogue } from './core/catalog.js';
import { waiting, watchAlarms } from './model/alarms.js';
import { loadEvents } from './model/events.js';
import { t } from './core/i18n.js';
import { listen } from './model/live.js';
import { watchPath } from './model/path.js';
import { watchReach } from './model/reach.js';
import { select, watchSelection } from './model/select.js';
import { loadSession, noticeSignIn, watchSession } from './model/session.js';
import { bindAddress, data, url } from './core/store.js';
import { startDraw } from './map/draw.js';
import { publish } from './panels/test_hooks.js';
import { switchTheme } from './panels/shell/topbar.js';
import { followNow } from './panels/browse/timebar.js';
import { toggleTable } from './panels/browse/table.js';
import './map/map.js';
import './panels/browse/layer_tree.js';
import './panels/shell/maptools.js';
import './panels/shell/overlays.js';
import './panels/shell/print.js';
import './panels/shell/side.js';

/** Keep the document in step with language, theme and drawers. */
function dressDocument() {
  effect(() => {
    document.documentElement.lang = url.lang.value === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = url.theme.value;
    document.documentElement.dataset.view = url.view.value;
    document.documentElement.dataset.drawer = data.drawer.value ?? '';
    document.title = `${waiting.value.length ? `(${waiting.value.length}) ` : ''}${untitled()}`;
    const skip = document.querySelector('#skip');
    if (skip) skip.textContent = t('app.skip');
  });
}

function untitled() {
  const title = data.catalogue.value?.title;
  return title ? String(/** @type {any} */ (title)[url.lang.value] ?? title) : '四港 Sigang';
}

/** Fetch the event list again when someone signs in or the language changes. */
function watchEvents() {
  effect(() => {
    void url.lang.value;
    if (data.session.value) untracked(loadEvents);
  });
}

const panel = (/** @type {'inspect' | 'path' | 'events'} */ name) => () => {
  url.panel.value = name;
  data.drawer.value = 'side';
  queueMicrotask(() => /** @type {HTMLElement | null} */ (document.querySelector(`#tab-${name}`))?.focus());
};

const focusOn = (/** @type {string} */ selector) => () => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** @type {Record<string, () => void>} */
const KEYS = {
  '/': focusOn('#search'),
  t: () => toggleTable(),
  l: () => {
    data.drawer.value = 'layers';
    focusOn('sg-layers .filter')();
  },
  1: panel('inspect'),
  2: panel('path'),
  3: panel('events'),
  n: followNow,
  d: switchTheme,
  '?': () => (data.dialog.value = 'keys'),
  escape: () => {
    if (data.draw.peek().mode) startDraw(null);
    else if (data.drawer.peek()) data.drawer.value = null;
    else if (url.selection.peek()) select(null);
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
  dressDocument();
  bindKeys();
  await loadSession();
  watchSelection();
  watchPath();
  watchReach();
  watchEvents();
  watchAlarms();
  await loadCatalogue();
  listen();
  watchSession();
}

start();
