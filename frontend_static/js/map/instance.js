// @ts-check
/** The one map of the page and the problems it met. */
import { signal } from '@preact/signals-core';
import { explain } from '../core/api.js';

/** The map, once it is made. */
export const theMap = signal(/** @type {import('maplibre-gl').Map | null} */ (null));

/** Problems that the map met, for tests and reports. @type {string[]} */
export const mapErrors = [];

/** Note a problem of the map, each once. */
export function note(/** @type {unknown} */ error) {
  const text = explain(error);
  if (!mapErrors.includes(text)) mapErrors.push(text);
}
