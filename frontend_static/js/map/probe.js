// @ts-check
/** Find what lies under a click. */
import { findLayer } from '../model/layers.js';
import { choose } from '../model/plan.js';
import { select, selectNear } from '../model/selection.js';
import { showPanel } from '../model/shell.js';
import { note } from './instance.js';

/** The source of the blocks of air. */
export const BLOCKS = 'sg-blocks';
const CLICK_PX = 6;
const RANK = { Point: 0, MultiPoint: 0, LineString: 1, MultiLineString: 1, Polygon: 2, MultiPolygon: 2 };

/** The layer of the catalogue that a layer of the style draws. */
export const layerOf = (/** @type {any} */ styleLayer) =>
  /** @type {string | undefined} */ (styleLayer.metadata?.['sigang:layer']);

/** The layer of the catalogue that what was hit belongs to. */
const ownerOf = (/** @type {import('maplibre-gl').MapGeoJSONFeature} */ hit) =>
  hit.source === BLOCKS ? String(hit.properties.layer) : layerOf(hit.layer);

const rankOf = (/** @type {import('maplibre-gl').MapGeoJSONFeature} */ hit) =>
  RANK[/** @type {keyof typeof RANK} */ (hit.geometry.type)];

/** Select what lies at a point of the screen: points before lines before areas, upper before lower. */
export async function probe(
  /** @type {import('maplibre-gl').Map} */ map,
  /** @type {{ x: number, y: number }} */ { x, y },
) {
  const box = /** @type {[[number, number], [number, number]]} */ ([
    [x - CLICK_PX, y - CLICK_PX],
    [x + CLICK_PX, y + CLICK_PX],
  ]);
  const all = map.queryRenderedFeatures(box);
  const other = all.find((hit) => hit.layer.source === 'sg-path' && hit.properties.part === 'other');
  if (other) {
    choose(Number(other.properties.rank));
    showPanel('path');
    return;
  }
  const known = all.filter((hit) => findLayer(ownerOf(hit)));
  const [hit] = known.sort((a, b) => rankOf(a) - rankOf(b));
  if (!hit) return select(null);
  const layer = /** @type {string} */ (ownerOf(hit));
  if (hit.properties.id) return select({ layer, id: String(hit.properties.id) });
  const [a, b] = [map.unproject(box[0]), map.unproject(box[1])];
  await selectNear(layer, [a.lng, b.lat, b.lng, a.lat], hit.properties).catch(note);
}
