// @ts-check
/** Select a feature: fetch it, show it in the inspector, remember it in the address. */
import { aborted, request } from '../core/api.js';
import { findLayer } from '../core/catalog.js';
import { batch, effect } from '@preact/signals-core';
import { extent } from '../core/geo.js';
import { t } from '../core/i18n.js';
import { data, toast, url } from '../core/store.js';

/** @type {AbortController | null} */
let running = null;
/** The selection that the map is to show in full once it is there. @type {string | null} */
let toFit = null;

/** Show a feature in the inspector, or clear it with null. */
export function select(/** @type {import('../core/hash.js').Selection | null} */ selection, fit = false) {
  toFit = fit && selection ? selection.id : null;
  batch(() => {
    url.selection.value = selection;
    data.closing.value = null;
    if (selection) url.panel.value = 'inspect';
    if (selection) data.drawer.value = 'side';
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
  const like = (/** @type {import('../core/types.js').Feature} */ f) =>
    ['ref', 'name_zh', 'name', 'class', 'kind'].filter((key) => key in drawn && f.properties[key] === drawn[key]).length;
  const best = [...found.features].sort((a, b) => like(b) - like(a))[0];
  if (best) select({ layer: layerId, id: String(best.id) });
  else toast({ kind: 'info', text: t('inspect.nothing') });
}

/** Keep `data.feature` equal to the selection of the address. */
export function watchSelection() {
  effect(() => {
    const selection = url.selection.value;
    const layer = selection && findLayer(selection.layer);
    const bump = selection ? data.bumps.value[selection.layer] : 0;
    running?.abort();
    if (!selection) {
      data.feature.value = { state: 'empty' };
    } else if (layer || data.catalogue.value) {
      load(selection, layer?.items ?? `collections/${selection.layer}/items`, Boolean(bump));
    }
  });
}

/** Ask again for the selected feature. */
export function reloadSelection() {
  const selection = url.selection.peek();
  const layer = selection && findLayer(selection.layer);
  if (selection && layer) load(selection, layer.items, false);
}

async function load(
  /** @type {import('../core/hash.js').Selection} */ selection,
  /** @type {string} */ items,
  /** @type {boolean} */ quiet,
) {
  running = new AbortController();
  if (!quiet) data.feature.value = { state: 'loading' };
  try {
    const feature = await request(`${items}/${encodeURIComponent(selection.id)}`, { signal: running.signal });
    data.feature.value = { state: 'ready', layer: selection.layer, feature };
    const box = toFit === selection.id ? extent(feature.geometry) : null;
    if (box) data.fit.value = box;
    toFit = null;
  } catch (error) {
    if (!aborted(error)) data.feature.value = { state: 'error', error: /** @type {Error} */ (error) };
  }
}
