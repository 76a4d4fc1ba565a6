// @ts-check
/** What the desk of shipments draws: legs in the colours of their modes, hubs, the chain of a box, who changes port. */
import { middleOf } from '../core/choice.js';
import { ringOf } from '../core/drill.js';
import { placeOf } from '../core/linkage.js';
import { number, pick, t } from '../core/i18n.js';
import { berthStore } from '../model/berth.js';
import { changedCounties } from '../model/choice.js';
import { drillStore } from '../model/drill.js';
import { gateStore } from '../model/gate.js';
import { chosenOne, endsOf, hubsById, linkageOpen, linkageStore } from '../model/linkage.js';
import { unitStore } from '../model/unit.js';
import { modeColour } from './colours.js';

/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */
/** @typedef {import('./colours.js').Theme} Theme */
/** @typedef {import('../core/linkage.js').Mode} Mode */

const feature = (/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties) => ({
  type: /** @type {'Feature'} */ ('Feature'),
  geometry,
  properties,
});
const point = (/** @type {[number, number]} */ at, /** @type {Record<string, any>} */ properties) =>
  feature({ type: 'Point', coordinates: at }, properties);

/** Legs of the other cards, faint, and those of the itinerary on show with the names of their modes. */
function legFeatures() {
  const answer = linkageStore.answer.value;
  const one = chosenOne.value;
  if (!answer) return [];
  const others = answer.legs.features.filter(({ properties: p }) => p.itinerary !== one?.id)
    .map(({ geometry, properties: { mode } }) => feature(geometry, { part: 'other', mode }));
  const own = (one?.legs ?? []).flatMap((leg, at) => {
    const ends = one ? endsOf(one.id, at) : null;
    const road = linkageStore.roads.value[at];
    if (!ends) return [];
    const label = road ? t(`link.mode.${leg.mode}`) : `${t(`link.mode.${leg.mode}`)} ${t('link.straight_mark')}`;
    return [feature({ type: 'LineString', coordinates: road ?? ends },
      { part: road ? 'road' : 'straight', mode: leg.mode, label })];
  });
  return [...others, ...own];
}

function endFeatures() {
  const { start, goal } = linkageStore.draft.value;
  return [[start, 'A'], [goal, 'B']].flatMap(([text, label]) => {
    const at = placeOf(text) ?? hubsById.value.get(text)?.at;
    return at ? [point(at, { part: 'end', label })] : [];
  });
}

/** The area of the drill, what it closes, and what goes more or less over each way. */
function drillFeatures() {
  const ring = ringOf(linkageStore.draft.value.area);
  const answer = drillStore.answer.value;
  const flows = (answer?.flows.features ?? []).filter(({ properties: p }) => p.change_teu > 0);
  return [
    ...(ring ? [feature({ type: 'LineString', coordinates: ring }, { part: 'area' })] : []),
    ...(answer?.closed.features ?? []).filter(({ geometry }) => ['LineString', 'Point'].includes(geometry?.type))
      .map(({ geometry }) => feature(geometry, { part: geometry.type === 'Point' ? 'shut' : 'closed' })),
    ...flows.map(({ geometry, properties: { mode, change_teu: more } }) =>
      feature(geometry, { part: 'straight', mode, label: `+${number(more)} TEU` })),
  ];
}

/** Counties that use another port after a closure, with from and to by the first measure by which they do. */
function choiceFeatures() {
  return (changedCounties.value ?? []).flatMap(({ geometry, name, changes: [{ from, to }] }) => {
    const ports = [from, to].map((one) => (one ? pick(one.port) : t('link.choice_none')));
    return [feature(geometry, { part: 'choice' }),
      point(middleOf(geometry), { part: 'choice-label', label: `${pick(name)}\n${ports.join('\n→ ')}` })];
  });
}

/** Features of the desk while it is open. */
export function linkageFeatures() {
  if (!linkageOpen.value) return [];
  const { view, hub } = linkageStore.draft.value;
  if (view === 'box') {
    const shipment = unitStore.shipment.value;
    return shipment?.geometry ? [feature(shipment.geometry, { part: 'box', mode: 'feeder' })] : [];
  }
  if (view === 'berth') {
    return (berthStore.plan.value?.features ?? []).flatMap(({ geometry }) =>
      (geometry ? [feature(geometry, { part: 'quay', mode: 'deep_sea' })] : []));
  }
  if (view === 'gate') {
    const terminal = gateStore.terminal.value;
    return terminal ? [point([terminal.lon, terminal.lat], { part: 'end', label: '■' })] : [];
  }
  if (view === 'drill') return [...choiceFeatures(), ...drillFeatures()];
  const at = hubsById.value.get(hub)?.at;
  if (view === 'hub') return [...choiceFeatures(), ...(at ? [point(at, { part: 'end', label: '◆' })] : [])];
  return [...legFeatures(), ...endFeatures()];
}

const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];

/** Style layers: roads are whole lines, straight ones dashed. @returns {any[]} */
export function linkageLayers(/** @type {Colours} */ c, /** @type {Theme} */ theme) {
  const of = (/** @type {Mode} */ mode) => [mode, modeColour(mode, theme)];
  const colour = ['match', ['get', 'mode'], ...of('road'), ...of('rail'), ...of('barge'), ...of('feeder'),
    ...of('deep_sea'), ...of('air'), c.before];
  const join = { 'line-cap': 'round', 'line-join': 'round' };
  const lines = /** @type {[string, number, number[] | null, number][]} */ ([
    ['other', 2, [1.5, 2.5], 0.6], ['straight', 5, [2, 0.8], 1], ['road', 5, null, 1], ['box', 4, [2, 0.8], 1],
    ['quay', 7, null, 1],
  ]);
  const edges = /** @type {[string, number][]} */ ([['closed', 3], ['area', 2.5], ['choice', 2]]);
  const outlines = edges.map(([name, width]) => ({
    id: `sg-linkage-${name}`, type: 'line', filter: part(name), layout: join,
    paint: { 'line-color': c.bad, 'line-width': width, 'line-opacity': name === 'closed' ? 0.5 : 1 } }));
  const drawn = lines.flatMap(([name, width, dash, opacity]) => [
    { id: `sg-linkage-${name}-casing`, type: 'line', filter: part(name), layout: join,
      paint: { 'line-color': c.casing, 'line-width': width + 3, 'line-opacity': 0.8 * opacity } },
    { id: `sg-linkage-${name}`, type: 'line', filter: part(name), layout: dash ? { 'line-join': 'round' } : join,
      paint: { 'line-color': colour, 'line-width': width, 'line-opacity': opacity,
        ...(dash ? { 'line-dasharray': dash } : {}) } },
  ]);
  const text = (/** @type {string} */ id, /** @type {any} */ filter, /** @type {any} */ paint, place = {}) => ({
    id, type: 'symbol', filter, paint,
    layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 13,
      'text-allow-overlap': true, ...place },
  });
  return [
    { id: 'sg-linkage-choice-fill', type: 'fill', filter: part('choice'),
      paint: { 'fill-color': c.bad, 'fill-opacity': 0.3 } },
    ...outlines,
    ...drawn,
    text('sg-linkage-label', ['in', ['get', 'part'], ['literal', ['straight', 'road']]],
      { 'text-color': colour, 'text-halo-color': c.halo, 'text-halo-width': 2 },
      { 'symbol-placement': 'line-center', 'text-offset': [0, -1] }),
    { id: 'sg-linkage-shut', type: 'circle', filter: part('shut'),
      paint: { 'circle-radius': 7, 'circle-color': c.casing, 'circle-stroke-width': 3,
        'circle-stroke-color': c.bad } },
    { id: 'sg-linkage-end', type: 'circle', filter: part('end'),
      paint: { 'circle-radius': 11, 'circle-color': c.accent, 'circle-stroke-width': 2,
        'circle-stroke-color': c.casing } },
    text('sg-linkage-choice-label', part('choice-label'),
      { 'text-color': c.bad, 'text-halo-color': c.halo, 'text-halo-width': 2 }, { 'text-allow-overlap': false }),
    text('sg-linkage-end-label', part('end'), { 'text-color': c.casing }, { 'text-font': ['Inter'] }),
  ].map((layer) => ({ source: 'sg-linkage', ...layer }));
}
