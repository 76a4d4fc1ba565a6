// @ts-check
/** The frame of the page: language, theme, the side panel, drawers and dialogs. */
import { batch, signal } from '@preact/signals-core';
import { permalink, url } from '../core/store.js';

/** @typedef {import('../core/hash.js').UrlState['panel']} Panel */
/** @typedef {'layers' | 'side'} Drawer */
/** @typedef {'keys' | 'account' | 'expired' | 'ended'} Dialog */

export const shellStore = {
  lang: url.lang,
  theme: url.theme,
  panel: url.panel,
  drawer: signal(/** @type {Drawer | null} */ (null)),
  dialog: signal(/** @type {Dialog | null} */ (null)),
};

export { permalink };

export function setTheme(/** @type {'dark' | 'light'} */ theme) {
  url.theme.value = theme;
}

export const switchTheme = () => setTheme(url.theme.peek() === 'dark' ? 'light' : 'dark');

export function switchLang() {
  url.lang.value = url.lang.peek() === 'zh' ? 'en' : 'zh';
}

/** Show a tab of the side panel; in a narrow window its drawer as well, on request. */
export function showPanel(/** @type {Panel} */ panel, { drawer = false } = {}) {
  batch(() => {
    url.panel.value = panel;
    if (drawer) shellStore.drawer.value = 'side';
  });
}

/** Open a drawer, or close the one that is open. */
export function openDrawer(/** @type {Drawer | null} */ drawer) {
  shellStore.drawer.value = drawer;
}

export function toggleDrawer(/** @type {Drawer} */ drawer) {
  openDrawer(shellStore.drawer.peek() === drawer ? null : drawer);
}

/** Open a dialog, or close the one that is open. */
export function openDialog(/** @type {Dialog | null} */ dialog) {
  shellStore.dialog.value = dialog;
}
