// @ts-check
/** The stakes beside a place of the map, as drivers there say them. */
import { explain, request } from '../core/api.js';
import { stakes } from '../core/desk.js';
import { pick, t } from '../core/i18n.js';
import { closeSpan } from './closing.js';
import { toast } from './toasts.js';

const WITHIN_PX = 24;
const EQUATOR_M = 40_075_016.686;
const TILE_PX = 512;
const MOST_M = 5_000;

/** Metres that some pixels of the map are. */
const metres = (/** @type {number} */ zoom, /** @type {number} */ lat) =>
  Math.min((WITHIN_PX * EQUATOR_M * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom), MOST_M);

/**
 * Open the form at the stake beside a place; tells whether there is one.
 *
 * @param {[number, number]} at @param {number} zoom
 */
export async function enterAt([lon, lat], zoom) {
  try {
    const found = await request('carriageways/near', { params: { lon, lat, within_m: metres(zoom, lat) } });
    const [first] = found.features;
    if (!first) return false;
    const { route, k_m: k } = first.properties;
    const both = found.features.some((/** @type {any} */ one) =>
      one.properties.route === route && one.properties.side !== first.properties.side);
    const span = { route, side: both ? null : first.properties.side, k_from: Math.round(k), k_to: Math.round(k) };
    closeSpan(span, stakes({ route_id: route, k_from: span.k_from, k_to: span.k_to }));
    return true;
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
    return true;
  }
}

/** Open the form for a stake or stretch that was searched. */
export function enterFound(/** @type {import('../core/types.js').SearchResult} */ result) {
  const { route, side, k_m: k, k_to_m: last, label } = result;
  if (!route || k === undefined) return;
  closeSpan({ route, side: side ?? null, k_from: k, k_to: last ?? k }, pick(label) || t('closure.polygon'));
}
