// @ts-check
/** The layers: what the server's catalogue offers, and which of them the map shows. */
import { batch, computed, signal } from '@preact/signals-core';
import { request } from '../core/api.js';
import { pick } from '../core/i18n.js';
import { url } from '../core/store.js';

/** @typedef {import('../core/types.js').Layer} Layer */
/** @typedef {import('../core/types.js').Origin} Origin */
/** @typedef {import('../core/types.js').Catalogue} Catalogue */

export const ORIGINS = /** @type {Origin[]} */ (['real', 'derived', 'schematic', 'synthetic']);

const catalogue = signal(/** @type {Catalogue | null} */ (null));

export const layerStore = {
  catalogue,
  error: signal(/** @type {Error | null} */ (null)),
  /** Switched against the catalogue's default. */
  on: url.on,
  off: url.off,
  /** Layers shown now, in catalogue order. */
  shown: computed(() => {
    const on = new Set(url.on.value);
    const off = new Set(url.off.value);
    const layers = catalogue.value?.layers ?? [];
    return layers.filter((layer) => (layer.visible ? !off.has(layer.id) : on.has(layer.id))).map((l) => l.id);
  }),
  /** All layers of the map's style, those of the catalogue in its order. */
  styled: signal(/** @type {import('maplibre-gl').LayerSpecification[]} */ ([])),
  /** Raised when rows of a layer changed: layer id -> counter. */
  bumps: signal(/** @type {Record<string, number>} */ ({})),
};

/** Ask for the catalogue. @returns {Promise<Catalogue>} */
export const fetchCatalogue = () => request('catalogue');

/** Take the catalogue as it was asked for, or is now; keeps the old one when that fails. */
export async function loadCatalogue(asked = fetchCatalogue()) {
  try {
    catalogue.value = await asked;
    layerStore.error.value = null;
  } catch (error) {
    layerStore.error.value = /** @type {Error} */ (error);
  }
}

/** Remember the layers of the style that the map is about to have, before a scenario orders them. */
export function placeLayers(/** @type {import('maplibre-gl').LayerSpecification[]} */ layers) {
  layerStore.styled.value = layers;
}

/** Switch layers on or off; only differences from the catalogue's default are kept. */
export function setShown(/** @type {string[]} */ ids, /** @type {boolean} */ wanted) {
  const byId = new Map(catalogue.peek()?.layers.map((layer) => [layer.id, layer]));
  const on = new Set(url.on.peek());
  const off = new Set(url.off.peek());
  for (const id of ids) {
    on.delete(id);
    off.delete(id);
    const usual = byId.get(id)?.visible ?? false;
    if (wanted !== usual) (wanted ? on : off).add(id);
  }
  batch(() => {
    url.on.value = [...on].sort();
    url.off.value = [...off].sort();
  });
}

/** Show what the catalogue shows by default. */
export function resetShown() {
  batch(() => {
    url.on.value = [];
    url.off.value = [];
  });
}

/** Say that rows of layers have changed. */
export function bump(/** @type {string[]} */ ids) {
  const next = { ...layerStore.bumps.peek() };
  for (const id of ids) next[id] = (next[id] ?? 0) + 1;
  layerStore.bumps.value = next;
}

/** Find a layer of the catalogue. @returns {Layer | undefined} */
export function findLayer(/** @type {string | null | undefined} */ id) {
  return catalogue.value?.layers.find((layer) => layer.id === id);
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
  for (const layer of catalogue.value?.layers ?? []) {
    const found = layer.columns.find((entry) => entry.name === column)?.values?.[code];
    if (found) return pick(found);
  }
  return code;
}

/** Tell whether a closure can be placed on features of a layer. */
export function closable(/** @type {Layer | undefined} */ layer) {
  return Boolean(layer?.editable && layer.editable.kind === 'closure');
}

/** Sources of the layers on show, as attribution lines; first those that must never be cut off. */
export function attributions() {
  const lines = new Set();
  for (const id of layerStore.shown.value) {
    for (const source of findLayer(id)?.source ?? []) {
      for (const part of (source.attribution || pick(source.title)).split('; ')) lines.add(part);
    }
  }
  const first = (/** @type {string} */ line) => Number(line.includes('OpenStreetMap'));
  return [...lines].sort((a, b) => first(b) - first(a));
}
