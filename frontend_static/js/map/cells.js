// @ts-check
/** Cells of the BeiDou grid in which one may fly or not: hatch, outline and a sign for each verdict. */
import { effect } from '@preact/signals-core';
import { cellTiles, tellCell } from '../model/cells.js';

/** @import * as maplibregl from 'maplibre-gl' */
/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */

const SOURCE = 'sg-cells';
const AREA = 'sg-cells-area';
const LAYERS = [AREA, 'sg-cells-line', 'sg-cells-sign'];
const NOTHING = `${location.origin}/api/airspace/suitability/tiles/WebMercatorQuad/{z}/{y}/{x}`;
const MINZOOM = 7;
const MAXZOOM = 15;
const SIGNS_FROM = 7;

/** Sign of each verdict, in Chinese and English. @type {Record<string, [string, string]>} */
const SIGNS = {
  prohibited: ['禁', 'X'], needs_approval: ['批', 'A'], needs_confirmation: ['核', 'C'],
  undetermined: ['?', '?'], mixed: ['混', 'M'], suitable: ['适', 'S'],
};

/** The source of the cells; without a question its layers are hidden and nothing is fetched. */
export const cellSource = () => ({
  [SOURCE]: {
    type: /** @type {'vector'} */ ('vector'), tiles: [cellTiles.peek() ?? NOTHING], minzoom: MINZOOM, maxzoom: MAXZOOM,
  },
});

const byVerdict = (/** @type {Record<string, unknown>} */ values, /** @type {unknown} */ other) =>
  ['match', ['get', 'verdict'], ...Object.entries(values).flat(), other];

/** Style layers of the cells. @returns {any[]} */
export function cellLayers(/** @type {Colours} */ c, /** @type {'zh' | 'en'} */ lang) {
  const visibility = cellTiles.peek() ? 'visible' : 'none';
  const inks = {
    prohibited: c.bad, needs_approval: c.give, needs_confirmation: c.before, undetermined: c.before, mixed: c.give,
    suitable: c.accent,
  };
  const hatches = {
    prohibited: `hatch-cross:${c.bad}`, needs_approval: `hatch:${c.give}`, needs_confirmation: `dots:${c.before}`,
    undetermined: `hatch-cross:${c.before}`, mixed: `hatch-back:${c.give}`,
  };
  const signs = Object.fromEntries(Object.entries(SIGNS).map(([name, sign]) => [name, sign[lang === 'zh' ? 0 : 1]]));
  const all = [
    {
      id: AREA, type: 'fill', layout: { visibility },
      paint: { 'fill-pattern': byVerdict(hatches, `hatch-flat:${c.accent}`), 'fill-opacity': 0.45 },
    },
    {
      id: 'sg-cells-line', type: 'line', layout: { visibility },
      paint: { 'line-color': byVerdict(inks, c.before), 'line-width': 0.6, 'line-opacity': 0.7 },
    },
    {
      id: 'sg-cells-sign', type: 'symbol', minzoom: SIGNS_FROM,
      layout: { visibility, 'text-field': byVerdict(signs, '?'), 'text-font': ['Noto Sans SC'], 'text-size': 12,
        'text-padding': 8 },
      paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.6 },
    },
  ];
  return all.map((layer) => ({ source: SOURCE, 'source-layer': 'suitability', ...layer }));
}

/** Follow what is asked for, and tell which cell is clicked. */
export function watchCells(/** @type {maplibregl.Map} */ map) {
  map.on('click', AREA, (event) => tellCell(event.features?.[0]?.properties ?? null));
  return effect(() => {
    const tiles = cellTiles.value;
    const source = /** @type {maplibregl.VectorTileSource | undefined} */ (map.getSource(SOURCE));
    if (!source) return;
    if (tiles) source.setTiles([tiles]);
    for (const layer of LAYERS) map.setLayoutProperty(layer, 'visibility', tiles ? 'visible' : 'none');
  });
}
