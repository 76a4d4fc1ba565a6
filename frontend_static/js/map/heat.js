// @ts-check
/** The surface of enforcement heat on the map: cells by class, hatched where nobody looked, the area drawn. */
import { computed, effect } from '@preact/signals-core';
import { readRing } from '../core/heat.js';
import { foundShown, tool } from '../model/heat_found.js';
import { heatLayer, heatShown, heatStore, heatSurface, heatTiles, openCell, tilesArrived } from '../model/heat.js';
import { shellStore } from '../model/shell.js';
import { layerOf } from './probe.js';

/** @import * as maplibregl from 'maplibre-gl' */
/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */

export const SOURCE = 'sg-heat';
const AREA = 'sg-heat-area';
const FILL = 'sg-heat-fill';
const OPEN = 'sg-heat-open';
const RIM = 'sg-heat-rim';
const LAYERS = [FILL, RIM, 'sg-heat-hatch', 'sg-heat-short', 'sg-heat-one-period', 'sg-heat-no-statistic', OPEN];
const NOTHING = `${location.origin}/api/collections/heat/tiles/WebMercatorQuad/{z}/{y}/{x}`;
const COLOUR = 'fill-color';
const [OPACITY, FAINT] = [0.7, 0.2];
/** Cells of a few pixels are drawn wider by a rim of their colour: by zoom. */
const [RIM_UNTIL, RIM_PX] = [10, [5, 5, 8, 4, 10, 0]];
const CLICK_PX = 4;
/** Layers whose points and lines are clicked through the surface. */
const ABOVE = new Set(['cases', 'inspections', 'checkpoints', 'hot_stretches']);

/** Sources of the surface; without a question its layers are hidden and nothing is fetched. */
export const heatSources = () => ({
  [SOURCE]: {
    type: /** @type {'vector'} */ ('vector'),
    tiles: [heatTiles.peek() ?? NOTHING],
    minzoom: heatLayer.peek()?.minzoom ?? 5,
    maxzoom: heatLayer.peek()?.maxzoom ?? 14,
  },
  [AREA]: { type: /** @type {'geojson'} */ ('geojson'), data: areaData() },
});

/** Parts of the choice that the map follows one by one: another one that changes redraws nothing of theirs. */
const area = computed(() => (heatShown.value ? heatStore.asked.value.area : ''));
const open = computed(() => heatStore.asked.value.cell);
/** Beside a density along roads the surface steps back. */
const opacity = computed(() => (foundShown.value && tool.value === 'roads' ? FAINT : OPACITY));
const visibility = computed(() => (heatTiles.value ? 'visible' : 'none'));

/** The ring that was drawn. @returns {any} */
function areaData() {
  const ring = readRing(area.value);
  const geometry = ring && { type: 'Polygon', coordinates: [[...ring, ring[0]]] };
  return { type: 'FeatureCollection', features: geometry ? [{ type: 'Feature', properties: {}, geometry }] : [] };
}

/** Colours of the classes of all surfaces: each cell names its own, so that a new surface needs no new style. */
const fillColour = computed(() => {
  const theme = shellStore.theme.value;
  const of = (/** @type {import('../core/types.js').HeatSurface} */ { surface, entries }) => {
    const [first, ...rest] = entries.filter((entry) => entry.class !== undefined).map(({ color }) => color[theme]);
    const steps = rest.flatMap((one, at) => [at + 1, one]);
    return [surface, rest.length ? ['step', ['get', 'colour'], first, ...steps] : first];
  };
  const all = (heatLayer.value?.surfaces ?? []).flatMap(of);
  return /** @type {any} */ (all.length ? ['match', ['get', 'surface'], ...all, 'transparent'] : 'transparent');
});

const stateColour = (/** @type {string} */ state, /** @type {string} */ other) =>
  heatSurface.peek()?.entries.find((entry) => entry.state === state)?.color[shellStore.theme.peek()] ?? other;

/** The cell that is open, by its number or its name. @returns {any} */
const openFilter = () =>
  ['any', ['==', ['id'], Number(open.value) || -1], ['==', ['get', 'cell'], open.value]];

const hasState = (/** @type {string} */ state) => ['==', ['get', 'state'], state];

/** Style layers of the surface. @returns {any[]} */
export function heatLayers(/** @type {Colours} */ c) {
  const layout = { visibility: visibility.peek() };
  const hatch = (/** @type {string} */ family, /** @type {string} */ state) =>
    ({ 'fill-pattern': `${family}:${stateColour(state, c.before)}`, 'fill-opacity': 0.9 });
  const cells = [
    { id: FILL, type: 'fill', filter: ['has', 'colour'],
      paint: { [COLOUR]: fillColour.peek(), 'fill-opacity': opacity.peek(), 'fill-antialias': false } },
    { id: RIM, type: 'line', filter: ['has', 'colour'], maxzoom: RIM_UNTIL,
      paint: { 'line-color': fillColour.peek(), 'line-opacity': opacity.peek(),
        'line-width': ['interpolate', ['linear'], ['zoom'], ...RIM_PX] } },
    { id: 'sg-heat-hatch', type: 'fill', filter: hasState('not_inspected'), paint: hatch('hatch', 'not_inspected') },
    { id: 'sg-heat-short', type: 'fill', filter: hasState('short'), paint: hatch('hatch-cross', 'short') },
    { id: 'sg-heat-one-period', type: 'fill', filter: hasState('one_period'),
      paint: hatch('hatch-flat', 'one_period') },
    { id: 'sg-heat-no-statistic', type: 'fill', filter: hasState('no_statistic'),
      paint: hatch('dots', 'no_statistic') },
    { id: OPEN, type: 'line', filter: openFilter(), paint: { 'line-color': c.accent, 'line-width': 3 } },
  ];
  return [
    ...cells.map((layer) => ({ source: SOURCE, 'source-layer': 'heat', layout, ...layer })),
    { id: AREA, type: 'line', source: AREA,
      paint: { 'line-color': c.give, 'line-width': 2.5, 'line-dasharray': [3, 1.5] } },
  ];
}

/** Open the cell at a point of the screen while the desk is open; tells whether there was one to open. */
export function takeHeat(
  /** @type {maplibregl.Map} */ map,
  /** @type {{ x: number, y: number }} */ { x, y },
) {
  if (shellStore.panel.peek() !== 'heat') return false;
  const hits = map.queryRenderedFeatures([[x - CLICK_PX, y - CLICK_PX], [x + CLICK_PX, y + CLICK_PX]]);
  if (hits.some((hit) => ABOVE.has(String(layerOf(hit.layer))))) return false;
  const [cell] = map.queryRenderedFeatures([x, y]).filter((hit) => hit.source === SOURCE);
  if (!cell) return false;
  openCell(String(cell.properties.cell ?? cell.id), cell.properties);
  return true;
}

/** Follow what is asked for. */
export function watchHeat(/** @type {maplibregl.Map} */ map) {
  const there = () => Boolean(map.getSource(SOURCE));
  /** Lists wait for this: what they ask would hold up the tiles. */
  const arrived = (/** @type {maplibregl.MapSourceDataEvent} */ event) => {
    if (event.sourceId === SOURCE && event.tile && map.isSourceLoaded(SOURCE)) tilesArrived();
  };
  map.on('sourcedata', arrived);
  let asked = heatTiles.peek();
  const stops = [
    () => map.off('sourcedata', arrived),
    effect(() => {
      const tiles = heatTiles.value;
      if (!tiles || tiles === asked) return;
      asked = tiles;
      if (there()) /** @type {maplibregl.VectorTileSource} */ (map.getSource(SOURCE)).setTiles([tiles]);
    }),
    effect(() => {
      const [colour, strong] = [fillColour.value, opacity.value];
      if (!there()) return;
      if (JSON.stringify(map.getPaintProperty(FILL, COLOUR)) !== JSON.stringify(colour)) {
        map.setPaintProperty(FILL, COLOUR, colour);
        map.setPaintProperty(RIM, 'line-color', colour);
      }
      map.setPaintProperty(FILL, 'fill-opacity', strong);
      map.setPaintProperty(RIM, 'line-opacity', strong);
    }),
    effect(() => {
      const seen = visibility.value;
      if (there()) for (const layer of LAYERS) map.setLayoutProperty(layer, 'visibility', seen);
    }),
    effect(() => {
      const filter = openFilter();
      if (there()) map.setFilter(OPEN, filter);
    }),
    effect(() => {
      const data = areaData();
      /** @type {maplibregl.GeoJSONSource | undefined} */ (map.getSource(AREA))?.setData(data);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
