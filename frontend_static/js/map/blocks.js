// @ts-check
/** Zones and planned volumes as blocks of air: what is in force at the time, by class and height. */
import { effect } from '@preact/signals-core';
import { AIR, stateColour } from './colours.js';
import { BLOCKS } from './probe.js';
import { skyStore, inForce } from '../model/sky.js';
import { pick, t } from '../core/i18n.js';
import { findLayer, layerStore } from '../model/layers.js';
import { liveStore } from '../model/live.js';
import { shellStore } from '../model/shell.js';
import { askedInstant } from '../model/time.js';

/** @typedef {import('./colours.js').Theme} Theme */
/** @typedef {import('../core/types.js').SkyPicture} SkyPicture */

/** Hatches of the classes, those of the layer on the flat map. @type {Record<string, string>} */
export const HATCHES = {
  A: 'hatch-flat', B: 'hatch', C: 'hatch-back', D: 'hatch-cross', E: 'dots', G: 'hatch-flat', W: 'dots',
};
/** The class whose zones are so wide that a hatch would hide the map: its outline carries its letter. */
const WIDEST = 'B';
const NOTHING = { type: 'FeatureCollection', features: /** @type {any[]} */ ([]) };

const kind = (/** @type {string[]} */ ...names) => ['match', ['get', 'kind'], names, true, false];
const all = (/** @type {any[]} */ ...parts) => ['all', ...parts];
const known = ['has', 'top'];

/** Sources of the blocks. @returns {Record<string, any>} */
export const blockSources = () => ({ [BLOCKS]: { type: 'geojson', data: NOTHING } });

/** Blocks, their footprints on the ground, and what is unknown. @returns {any[]} */
export function blockLayers(/** @type {Theme} */ theme) {
  const c = AIR[theme];
  const block = (/** @type {string} */ name, /** @type {number} */ opacity) => ({
    id: `sg-block-${name}`,
    type: 'fill-extrusion',
    filter: all(known, kind(name)),
    paint: {
      'fill-extrusion-color': ['get', 'color'],
      'fill-extrusion-base': ['get', 'base'],
      'fill-extrusion-height': ['get', 'top'],
      'fill-extrusion-opacity': opacity,
    },
  });
  const edge = { 'line-color': ['get', 'color'], 'line-width': 1.3, 'line-opacity': 0.9 };
  const layers = [
    { id: 'sg-block-ground', type: 'fill', filter: all(known, ['has', 'pattern']),
      paint: { 'fill-pattern': ['get', 'pattern'], 'fill-opacity': 0.24 } },
    { id: 'sg-block-unknown', type: 'fill', filter: ['!', known],
      paint: { 'fill-pattern': `hatch:${c.unknown}`, 'fill-opacity': 0.6 } },
    { id: 'sg-block-edge', type: 'line', paint: edge },
    block('zone', c.zone),
    block('restriction', 0.35),
    block('constraint', 0.35),
    block('flight', 0.55),
  ];
  return layers.map((layer) => ({ source: BLOCKS, ...layer }));
}

/** Names of unknown heights and of blocks whose own layer has no label. @returns {any} */
export const blockLabels = (/** @type {Theme} */ theme) => ({
  id: 'sg-block-label',
  type: 'symbol',
  source: BLOCKS,
  filter: ['has', 'label'],
  layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 11 },
  paint: { 'text-color': AIR[theme].text, 'text-halo-color': AIR[theme].halo, 'text-halo-width': 1.6 },
});

/** Base and top as they are drawn (m), null where a height is unknown. @param {(number | null)[]} band */
export function drawn(band) {
  const [base, top] = band;
  if (base === null || top === null) return null;
  const times = skyStore.exaggeration.value;
  return { base: Math.max(0, base) * times, top: Math.max(0, top) * times };
}

/** The band of heights in the datum of the map. */
export const bandOf = (/** @type {{ agl_m: (number | null)[], amsl_m: (number | null)[] }} */ one) =>
  skyStore.datum.value === 'AGL' ? one.agl_m : one.amsl_m;

/** A block; its id names all that is drawn of it but its place. */
function feature(/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties, part = 0) {
  const { id, layer, base, top, color, label } = properties;
  return { type: 'Feature', id: [layer, id, part, base, top, color, label].join(), geometry, properties };
}

/** The colour that a layer's legend has for a class, else its first. */
export function legendColour(/** @type {string} */ layer, /** @type {string} */ text, /** @type {Theme} */ theme) {
  const entries = findLayer(layer)?.legend.entries ?? [];
  const found = entries.find((entry) => entry.text === text) ?? entries[0];
  return String(found?.color?.[theme] ?? AIR[theme].unknown);
}

/** @param {SkyPicture} picture @param {number} at @param {Theme} theme */
function zoneFeatures(picture, at, theme) {
  const shown = new Set(layerStore.shown.value);
  return picture.zones.filter((zone) => shown.has(zone.layer) && inForce(zone, at)).map((zone) => {
    const band = drawn(bandOf(zone));
    const color = legendColour(zone.layer, zone.class, theme);
    const what = zone.layer === 'airspace' ? 'zone' : 'restriction';
    const family = zone.layer === 'airspace' ? (HATCHES[zone.class] ?? 'hatch') : 'hatch-cross';
    const label = band ? {} : { label: `? ${pick(zone.name)} ${t('sky.unknown_height')}` };
    const hatched = zone.class === WIDEST ? {} : { pattern: `${family}:${color}` };
    const properties = { id: zone.id, layer: zone.layer, kind: what, color, ...hatched };
    return feature(zone.geometry, { ...properties, ...band, ...label });
  });
}

/** @param {SkyPicture} picture @param {number} at @param {Theme} theme */
function flightFeatures(picture, at, theme) {
  const flat = skyStore.space.value !== '3d';
  return picture.flights.flatMap((flight) => {
    if (!inForce(flight, at)) return [];
    const color = stateColour(flight.state, theme);
    return flight.volumes.filter((volume) => inForce(volume, at)).map((volume) => {
      const constraint = flight.kind === 'constraint';
      const id = flight.layer === 'operations' ? flight.id : `${flight.id}:${volume.part}`;
      const hatched = constraint ? { pattern: `hatch-cross:${color}` } : {};
      const properties = { id, layer: flight.layer, kind: constraint ? 'constraint' : 'flight', color, ...hatched };
      const band = flat ? { base: 0, top: 0 } : drawn(bandOf(volume));
      return feature(volume.geometry, { ...properties, ...band }, volume.part);
    });
  });
}

/** What stands in the air at the time; flat, footprints alone. */
function blocks() {
  const picture = skyStore.picture.value;
  void liveStore.stream.value;
  if (!skyStore.wanted.value || !picture) return NOTHING;
  const [at, theme] = [askedInstant(), shellStore.theme.value];
  void shellStore.lang.value;
  const features = flightFeatures(picture, at, theme);
  if (skyStore.space.value !== '3d') return { type: 'FeatureCollection', features };
  return { type: 'FeatureCollection', features: [...zoneFeatures(picture, at, theme), ...features] };
}

/** Keep the blocks in step with time, datum, exaggeration and theme; of one picture what changes is sent. */
export function watchBlocks(/** @type {import('maplibre-gl').Map} */ map) {
  /** What the source holds, and of which picture. */
  let [held, of] = /** @type {[Set<string>, SkyPicture | null]} */ ([new Set(), null]);
  const put = () => {
    const content = blocks();
    const picture = skyStore.picture.peek();
    const source = /** @type {import('maplibre-gl').GeoJSONSource | undefined} */ (map.getSource(BLOCKS));
    if (!source) return;
    const wanted = new Set(content.features.map((/** @type {any} */ { id }) => id));
    const add = content.features.filter((/** @type {any} */ { id }) => !held.has(id));
    const remove = [...held].filter((id) => !wanted.has(id));
    if (picture !== of) source.setData(/** @type {any} */ (content));
    else if (add.length || remove.length) source.updateData({ add: /** @type {any} */ (add), remove });
    [held, of] = [wanted, picture];
  };
  map.on('style.load', () => {
    [held, of] = [new Set(), null];
    put();
  });
  return effect(() => {
    void [shellStore.theme.value, shellStore.lang.value];
    put();
  });
}
