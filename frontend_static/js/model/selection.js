// @ts-check
/** Select a feature: fetch it, show it in the inspector, remember it in the address. */
import { batch, effect, signal } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { extent } from '../core/geo.js';
import { t } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { deskStore, startClosing } from './events.js';
import { closable, findLayer, layerStore } from './layers.js';
import { openDrawer, showPanel } from './shell.js';
import { toast } from './toasts.js';
import { fitTo } from './view.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('../core/hash.js').Selection} Selection */

export const selectionStore = {
  current: url.selection,
  feature: signal(/** @type {import('../core/types.js').FeatureState} */ ({ state: 'empty' })),
  /** The id of the selection that the map is to show in full once it is there. */
  toFit: signal(/** @type {string | null} */ (null)),
};

/** Open events that act on the selected edge or structure. */
export const actingOn = signal(/** @type {import('../core/types.js').EventFeature[]} */ ([]));

const newest = new Latest();
const acting = new Latest();

/** Show a feature in the inspector, or clear it with null. */
export function select(/** @type {Selection | null} */ selection, fit = false) {
  batch(() => {
    selectionStore.toFit.value = fit && selection ? selection.id : null;
    url.selection.value = selection;
    if (!deskStore.closing.peek()?.span) startClosing(null);
    if (!selection) return;
    showPanel('inspect');
    openDrawer('side');
  });
}

/** Show a feature that has no stable id on the map: the nearest real one inside a small box. */
export async function selectNear(
  /** @type {string} */ layerId,
  /** @type {[number, number, number, number]} */ bbox,
  /** @type {Record<string, any>} */ drawn,
) {
  const layer = findLayer(layerId);
  if (!layer) return;
  const found = await request(layer.items, { params: { bbox: bbox.join(','), limit: 20 } });
  const keys = ['ref', 'name_zh', 'name', 'class', 'kind'].filter((key) => key in drawn);
  const like = (/** @type {Feature} */ f) => keys.filter((key) => f.properties[key] === drawn[key]).length;
  const best = [...found.features].sort((a, b) => like(b) - like(a))[0];
  if (best) select({ layer: layerId, id: String(best.id) });
  else toast({ kind: 'info', text: t('inspect.nothing') });
}

/** Keep the feature equal to the selection of the address. */
export function watchSelection() {
  effect(() => {
    const selection = url.selection.value;
    const layer = selection && findLayer(selection.layer);
    const bumped = selection ? layerStore.bumps.value[selection.layer] : 0;
    newest.abort();
    if (!selection) {
      selectionStore.feature.value = { state: 'empty' };
    } else if (layer || layerStore.catalogue.value) {
      load(selection, layer?.items ?? `collections/${selection.layer}/items`, Boolean(bumped));
    }
  });
}

/** Keep what acts on the selected thing in step with it and with the desk. */
export function watchActing() {
  effect(() => {
    const selection = url.selection.value;
    void deskStore.events.value;
    const state = selectionStore.feature.value;
    const layer = selection && findLayer(selection.layer);
    acting.abort();
    if (!layer || state.state !== 'ready' || !(closable(layer) || layer.id === 'closures')) actingOn.value = [];
    else find(String(state.feature.properties.edge_id ?? selection.id));
  });
}

async function find(/** @type {string} */ id) {
  try {
    const params = { state: 'open', of: id };
    actingOn.value = (await request('events', { params, signal: acting.begin() })).features;
  } catch (error) {
    if (!aborted(error)) actingOn.value = [];
  }
}

/** Ask again for the selected feature. */
export function reloadSelection() {
  const selection = url.selection.peek();
  const layer = selection && findLayer(selection.layer);
  if (selection && layer) load(selection, layer.items, false);
}

async function load(/** @type {Selection} */ selection, /** @type {string} */ items, /** @type {boolean} */ quiet) {
  const signal = newest.begin();
  const { feature: target, toFit } = selectionStore;
  if (!quiet) target.value = { state: 'loading' };
  try {
    const feature = await request(`${items}/${encodeURIComponent(selection.id)}`, { signal });
    target.value = { state: 'ready', layer: selection.layer, feature };
    const box = toFit.peek() === selection.id ? extent(feature.geometry) : null;
    if (box) fitTo(box);
    toFit.value = null;
  } catch (error) {
    if (!aborted(error)) target.value = { state: 'error', error: /** @type {Error} */ (error) };
  }
}
