// @ts-check
/** The planner's state: what is asked of the network, by which vehicle and when, and the answers. */
import { batch, computed, signal } from '@preact/signals-core';
import { url } from '../core/store.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {import('../core/types.js').ReachState} ReachState */
/** @typedef {import('../core/hash.js').UrlState} UrlState */
/** @typedef {import('../core/hash.js').Pin} Pin */

const path = signal(/** @type {import('../core/types.js').PathState} */ ({ state: 'empty' }));
const held = signal(/** @type {number | null} */ (null));
const pointed = signal(/** @type {number | null} */ (null));
const compared = signal(/** @type {{ pin: Pin, feature: Feature } | null} */ (null));

export const planStore = {
  kind: url.plan,
  waypoints: url.waypoints,
  profile: url.profile,
  vehicle: url.vehicle,
  hazmat: url.hazmat,
  unknown: url.unknown,
  when: url.when,
  choice: url.choice,
  pin: url.pin,
  origin: url.origin,
  contours: url.contours,
  near: url.near,
  profiles: signal(/** @type {import('../core/types.js').Profile[]} */ ([])),
  profilesError: signal(/** @type {Error | null} */ (null)),
  path,
  /** The stops are being put in their best order. */
  ordering: signal(false),
  /** The answer to a pinned question. */
  compared,
  /** The path that others are compared with. */
  pinned: computed(() => compared.value?.feature ?? null),
  /** Edges that refuse the vehicle, with their geometry. */
  blocking: signal(/** @type {Feature[]} */ ([])),
  /** The relaxation of a refused path that a click keeps on the map, and the one pointed at. */
  held,
  pointed,
  /** The relaxation that the map shows. */
  relaxation: computed(() => pointed.value ?? held.value),
  /** Newest version of the network that the server told, and the times that answers were asked again. */
  newest: signal(0),
  asked: signal(0),
  reach: signal(/** @type {ReachState} */ ({ state: 'empty' })),
  nearest: signal(/** @type {ReachState} */ ({ state: 'empty' })),
  /** A stop on its way: the index of a stop, or of a new via point to insert. */
  dragged: signal(/** @type {import('../core/types.js').Dragged | null} */ (null)),
};

/** Choose what the planner does. */
export function setPlan(/** @type {UrlState['plan']} */ kind) {
  url.plan.value = kind;
}

/** Choose one of the paths by its rank. */
export function choose(/** @type {number} */ rank) {
  url.choice.value = rank;
}

export function setHazmat(/** @type {string | null} */ hazmat) {
  url.hazmat.value = hazmat;
}

export function refuseUnknown(/** @type {boolean} */ refuse) {
  url.unknown.value = refuse ? 'refuse' : 'allow';
}

/** Leave or arrive at a time; null leaves at the time of the map. */
export function setWhen(/** @type {UrlState['when']} */ when) {
  url.when.value = when;
}

export function setContours(/** @type {Partial<UrlState['contours']>} */ change) {
  url.contours.value = { ...url.contours.peek(), ...change };
}

export function setNear(/** @type {Partial<UrlState['near']>} */ change) {
  url.near.value = { ...url.near.peek(), ...change };
}

/** A stop is on its way, or has arrived. */
export function dragTo(/** @type {import('../core/types.js').Dragged | null} */ dragged) {
  planStore.dragged.value = dragged;
}

/** Show a relaxation while it is pointed at. */
export function pointAtRelaxation(/** @type {number | null} */ index) {
  pointed.value = index;
}

/** Keep a relaxation on the map, or let it go; what is pointed at no longer counts. */
export function holdRelaxation(/** @type {number | null} */ index) {
  batch(() => {
    held.value = index;
    pointed.value = null;
  });
}
