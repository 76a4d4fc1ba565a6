// @ts-check
/** The server's catalogue: what can be shown, and how it is called. */
import { request } from './api.js';
import { pick } from './i18n.js';
import { data } from './store.js';

/** @typedef {import('./types.js').Layer} Layer */
/** @typedef {import('./types.js').Origin} Origin */

export const ORIGINS = /** @type {Origin[]} */ (['real', 'derived', 'schematic', 'synthetic']);

/** Fetch the catalogue; keeps the old one when that fails. */
export async function loadCatalogue() {
  try {
    data.catalogue.value = await request('catalogue');
    data.catalogueError.value = null;
  } catch (error) {
    data.catalogueError.value = /** @type {Error} */ (error);
  }
}

/** Find a layer of the catalogue. @returns {Layer | undefined} */
export function findLayer(/** @type {string | null | undefined} */ id) {
  return data.catalogue.value?.layers.find((layer) => layer.id === id);
}

/** Origins that a layer holds, with counts, in fixed order. @returns {[Origin, number][]} */
export function originsOf(/** @type {Layer} */ layer) {
  return ORIGINS.filter((origin) => (layer.origins[origin] ?? 0) > 0).map((origin) => [
    origin,
    layer.origins[origin] ?? 0,
  ]);
}

/** Name a code as the catalogue's columns of that name do; the code itself when none does. */
export function codeName(/** @type {string} */ column, /** @type {string} */ code) {
  for (const layer of data.catalogue.value?.layers ?? []) {
    const found = layer.columns.find((entry) => entry.name === column)?.values?.[code];
    if (found) return pick(found);
  }
  return code;
}

/** Tell whether a closure can be placed on features of a layer. */
export function closable(/** @type {Layer | undefined} */ layer) {
  return Boolean(layer?.editable && layer.editable.kind === 'closure');
}
