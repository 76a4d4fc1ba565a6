// @ts-check
/** What the desk of low altitude draws: the flight, what refuses it, what would stand, the restriction. */
import { footprintOf, footprintsOf, geometryOf } from '../core/air.js';
import { approvalStore } from '../model/approvals.js';
import { airStore, flightStore, overlap } from '../model/flight.js';
import { restrictionStore } from '../model/restrictions.js';
import { shellStore } from '../model/shell.js';

/** @typedef {typeof import('./colours.js').COLOURS.dark} Colours */

const feature = (/** @type {any} */ geometry, /** @type {Record<string, any>} */ properties) => ({
  type: /** @type {'Feature'} */ ('Feature'),
  geometry,
  properties,
});

const areas = (/** @type {any[]} */ volumes, /** @type {string} */ part, /** @type {string} */ label = '') =>
  volumes.map((volume) => feature(footprintOf(volume), { part, label }));

/** What is typed of a place: what it takes of the ground, and its own line or point. */
function draftFeatures(/** @type {Required<import('../core/air.js').Draft>} */ draft, /** @type {string} */ part) {
  const own = geometryOf(draft);
  const taken = footprintsOf(draft);
  const mark = own && (own.type === 'Point' || !taken.length) ? [feature(own, { part })] : [];
  return [...taken.map((geometry) => feature(geometry, { part })), ...mark];
}

function flightFeatures() {
  const refused = overlap();
  const plan = flightStore.plan.value;
  const shift = refused?.alternatives[flightStore.pointed.value ?? -1];
  const conflicts = refused?.conflicts ?? plan?.conflicts ?? [];
  return [
    ...draftFeatures(flightStore.draft.value, 'draft'),
    ...(plan ? areas(plan.volumes, 'plan') : []),
    ...conflicts.flatMap((one, at) => areas(one.volumes ?? [], 'conflict', String(at + 1))),
    ...(shift ? areas(shift.volumes, 'shift') : []),
  ];
}

/** The plan of the inbox that is open, what it overlaps, and what waits beside it. */
function inboxFeatures() {
  const rows = approvalStore.rows.value ?? [];
  const plan = rows.find(({ id }) => id === approvalStore.current.value);
  if (!plan) return [];
  const rivals = rows.filter(({ id }) => plan.rivals?.includes(id));
  return [
    ...areas(plan.volumes, 'plan'),
    ...rivals.flatMap((rival) => areas(rival.volumes, 'draft')),
    ...(plan.conflicts ?? []).flatMap((one, at) => areas(one.volumes ?? [], 'conflict', String(at + 1))),
  ];
}

/** The restriction that is typed, and the one that is open. */
function restrictionFeatures() {
  const open = restrictionStore.open.value;
  return [
    ...draftFeatures(restrictionStore.draft.value, 'shift'),
    ...(open?.geometry ? [feature(open.geometry, { part: 'plan' })] : []),
  ];
}

const FEATURES = { flight: flightFeatures, inbox: inboxFeatures, restrict: restrictionFeatures };

/** Features of the open task of the desk. */
export function airFeatures() {
  if (shellStore.panel.value !== 'air') return [];
  return FEATURES[airStore.task.value]();
}

const part = (/** @type {string} */ name) => ['==', ['get', 'part'], name];

/** Style layers of the desk; kinds differ in dash and width as well as in colour. @returns {any[]} */
export function airLayers(/** @type {Colours} */ c) {
  const kinds = /** @type {[string, string, number, number[] | null, number][]} */ ([
    ['draft', c.accent, 2, [3, 1.5], 0.12],
    ['plan', c.accent, 3, null, 0.16],
    ['shift', c.give, 3, [1, 1], 0.2],
    ['conflict', c.bad, 4, [0.6, 0.4], 0.2],
  ]);
  const join = { 'line-cap': 'butt', 'line-join': 'round' };
  const drawn = kinds.flatMap(([name, colour, width, dash, opacity]) => [
    {
      id: `sg-air-${name}-fill`, type: 'fill', filter: ['all', part(name), ['==', ['geometry-type'], 'Polygon']],
      paint: { 'fill-color': colour, 'fill-opacity': opacity },
    },
    { id: `sg-air-${name}-casing`, type: 'line', filter: part(name), layout: join,
      paint: { 'line-color': c.casing, 'line-width': width + 2, 'line-opacity': 0.8 } },
    { id: `sg-air-${name}`, type: 'line', filter: part(name), layout: join,
      paint: { 'line-color': colour, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) } },
  ]);
  const point = {
    id: 'sg-air-point', type: 'circle', filter: ['==', ['geometry-type'], 'Point'],
    paint: { 'circle-radius': 5, 'circle-color': c.accent, 'circle-stroke-width': 2, 'circle-stroke-color': c.casing },
  };
  const label = {
    id: 'sg-air-label', type: 'symbol', filter: part('conflict'),
    layout: { 'text-field': ['get', 'label'], 'text-font': ['Noto Sans SC'], 'text-size': 15,
      'text-allow-overlap': true },
    paint: { 'text-color': c.bad, 'text-halo-color': c.halo, 'text-halo-width': 2 },
  };
  return [...drawn, point, label].map((layer) => ({ source: 'sg-air', ...layer }));
}
