// @ts-check
/** Where a box or bag is: shipments with its number, and the chain of the one on show. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { judgeUnit } from '../core/container.js';
import { Latest } from '../core/latest.js';
import { linkageOpen, linkageStore, setShipment } from './linkage.js';
import { sessionStore } from './session.js';

/**
 * @typedef {import('../core/types.js').Text} Text
 * @typedef {object} Milestone
 * @property {string} name
 * @property {number} leg
 * @property {string | null} place
 * @property {'actual' | 'inferred' | 'expected'} status
 * @property {string | null} at
 * @property {string | null} after
 * @property {string | null} before
 * @property {string | null} planned
 * @property {string | null} closes
 * @property {string | null} estimated
 * @property {{ source: string, id: string }[]} events
 *
 * @typedef {{ kind: string, zh: string, en: string, at: string | null, milestone: string | null, place: string | null,
 *   events: { source: string, id: string }[] }} Anomaly
 * @typedef {{ state: string, at: string | null, place: string | null, held: boolean, cancelled: boolean,
 *   milestones: Milestone[], anomalies: Anomaly[] }} Chain
 *
 * @typedef {object} UnitEvent
 * @property {string} id
 * @property {string} at
 * @property {string} code
 * @property {string | null} [unit]
 * @property {string | null} [place]
 * @property {string} classifier
 * @property {string | null} [retracts]
 * @property {string} source
 * @property {string} received_at
 *
 * @typedef {{ key: string, origin: import('../core/types.js').Origin, units: string[], state: string,
 *   planned_end: string, anomalies: Record<string, number> }} Summary
 * @typedef {Summary & { legs: { mode: import('../core/linkage.js').Mode, start: string, goal: string, departs: string,
 *   arrives: string }[], places: { id: string, name_zh: string | null, name_en: string | null }[],
 *   chains: Record<string, Chain>, events: UnitEvent[],
 *   arrival: { expected: string, low: string, high: string, learnt: string[], assumed: string[] } | null }} Whole
 */

/** Shipments that a search shows. */
const MOST = 20;
/** Kinds of faults that one may ask for examples of. */
export const FAULTS = ['returned-twice', 'lost-scan', 'never-picked-up', 'cut-off-missed', 'not-loaded'];

export const unitStore = {
  found: signal(/** @type {{ id: string, properties: Summary }[] | null} */ (null)),
  shipment: signal(/** @type {{ id: string, geometry: any, properties: Whole } | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
};

/** What is typed: a right number, one with a wrong check digit, a tag of a bag, or none. */
export const judged = computed(() => judgeUnit(linkageStore.draft.value.unit));

const finding = new Latest();
const opening = new Latest();

/** Find shipments by a query of the list. */
async function find(/** @type {Record<string, string>} */ params) {
  const signal = finding.begin();
  unitStore.working.value = true;
  try {
    const { features } = await request('shipments', { params: { ...params, limit: MOST }, signal });
    batch(() => {
      unitStore.found.value = features;
      unitStore.error.value = null;
      if (features.length === 1) setShipment({ shipment: features[0].id });
    });
  } catch (error) {
    if (aborted(error)) return;
    unitStore.error.value = error;
  }
  unitStore.working.value = false;
}

/** Find the shipments of the number that is typed. */
export async function findUnit() {
  const { kind, plain } = judged.peek();
  setShipment({ shipment: '' });
  unitStore.found.value = null;
  if (kind !== 'blank') await find({ unit: plain });
}

/** Find shipments with a fault. */
export async function findFault(/** @type {string} */ anomaly) {
  setShipment({ shipment: '' });
  await find({ anomaly });
}

/** Show the chain of a shipment. */
export const openShipment = (/** @type {string} */ id) => setShipment({ shipment: id });

async function load(/** @type {string} */ id) {
  const signal = opening.begin();
  unitStore.working.value = true;
  try {
    unitStore.shipment.value = await request(`shipments/${encodeURIComponent(id)}`, { signal });
    unitStore.error.value = null;
  } catch (error) {
    if (aborted(error)) return;
    unitStore.shipment.value = null;
    unitStore.error.value = error;
  }
  unitStore.working.value = false;
}

/** Follow the shipment that the address names, and find the unit that it names. */
export function watchUnit() {
  const open = computed(() => {
    const { view, shipment } = linkageStore.draft.value;
    return linkageOpen.value && view === 'box' && sessionStore.account.value ? shipment : null;
  });
  let asked = false;
  effect(() => {
    const id = open.value;
    if (id === null) return;
    untracked(() => {
      if (id) load(id);
      else unitStore.shipment.value = null;
      if (!asked && !id && linkageStore.draft.peek().unit) findUnit();
      asked = true;
    });
  });
}
