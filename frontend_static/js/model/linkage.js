// @ts-check
/** Shipments through the four ports: what is asked, the front, the week, and the itinerary on show. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { now } from '../core/clock.js';
import { Latest } from '../core/latest.js';
import {
  NEW_SHIPMENT, askable, changesOf, differing, fieldOf, itinerariesBody, profileBody,
} from '../core/linkage.js';
import { toInput } from '../core/i18n.js';
import { url } from '../core/store.js';
import { takeDrawn } from './draw.js';
import { planStore } from './plan.js';
import { sessionStore } from './session.js';
import { openDrawer, showPanel } from './shell.js';
import { fitTo, viewStore } from './view.js';

/** @typedef {import('../core/linkage.js').Draft} Draft */
/** @typedef {import('../core/linkage.js').Hub} Hub */
/** @typedef {import('../core/linkage.js').Answer} Answer */
/** @typedef {import('../core/linkage.js').Profile} Profile */
/** @typedef {import('../core/linkage.js').Leg} Leg */
/** @typedef {Record<number, [number, number][]>} Lines lines of road legs by the number of the leg */

/** The vehicle by which road legs are drawn; the rule of transfers names the same. */
const BY = 'truck';

export const linkageStore = {
  draft: computed(() => /** @type {Required<Draft>} */ ({ ...NEW_SHIPMENT, ...url.linkage.value })),
  hubs: signal(/** @type {Hub[]} */ ([])),
  /** What the answer was asked by. */
  asked: signal(/** @type {Required<Draft> | null} */ (null)),
  answer: signal(/** @type {Answer | null} */ (null)),
  /** The answer to the same question on the network as it was before. */
  before: signal(/** @type {Answer | null} */ (null)),
  /** When the cargo of the answer is ready, ms. */
  ready: signal(0),
  error: signal(/** @type {unknown} */ (null)),
  profile: signal(/** @type {Profile | null} */ (null)),
  /** Why there is no week. */
  profileError: signal(/** @type {unknown} */ (null)),
  working: signal(false),
  /** Id of the itinerary on show. */
  chosen: signal(/** @type {number | null} */ (null)),
  /** Id of the itinerary that is pointed at in the chart. */
  pointed: signal(/** @type {number | null} */ (null)),
  /** Roads of the legs by road of the itinerary on show, as far as they are found. */
  roads: signal(/** @type {Lines} */ ({})),
};

/** Whether the desk of shipments is on show, and needs room. */
export const linkageOpen = computed(() => url.panel.value === 'linkage');

/** Hubs by id. */
export const hubsById = computed(() => new Map(linkageStore.hubs.value.map((hub) => [hub.id, hub])));

/** The itinerary on show. */
export const chosenOne = computed(() =>
  linkageStore.answer.value?.itineraries.find(({ id }) => id === linkageStore.chosen.value) ?? null);

/** What the network's change made of the answer. */
export const changes = computed(() => {
  const { before, answer } = linkageStore;
  return answer.value ? changesOf(before.value, answer.value) : null;
});

/** The field that the server refused. */
export const wrongField = computed(() => fieldOf(linkageStore.error.value));

const asking = new Latest();
const drawing = new Latest();

/** Fill in fields; only what differs from a new shipment is kept. */
export function setShipment(/** @type {Draft} */ fields) {
  url.linkage.value = differing({ ...url.linkage.peek(), ...fields });
}

/** Open the desk at one of its views. */
export function openLinkage(/** @type {Draft} */ fields) {
  batch(() => {
    setShipment(fields);
    showPanel('linkage', { drawer: true });
  });
}

/** Exchange start and goal. */
export function swapShipment() {
  const { start, goal } = linkageStore.draft.peek();
  setShipment({ start: goal, goal: start });
}

/** Show an itinerary. */
export function chooseItinerary(/** @type {number | null} */ id) {
  linkageStore.chosen.value = id;
}

/** Point at an itinerary, or at none. */
export function pointAtItinerary(/** @type {number | null} */ id) {
  linkageStore.pointed.value = id;
}

/** Ask for the itineraries and the week, as they are typed. */
export async function askLinkage() {
  const draft = linkageStore.draft.peek();
  if (askable(draft)) await ask(draft, null);
}

/** Ask the same again, of the network as it is now; what was to set out now still does. */
async function askAgain() {
  const answer = linkageStore.answer.peek();
  const asked = linkageStore.asked.peek();
  if (answer && asked) await ask(asked, answer);
}

/**
 * @param {Required<Draft>} draft
 * @param {Answer | null} before the answer to the same question, of the network as it was
 */
async function ask(draft, before) {
  linkageStore.asked.value = draft;
  const body = itinerariesBody(draft, now());
  const week = profileBody(draft, now());
  const signal = asking.begin();
  linkageStore.working.value = true;
  const post = (/** @type {string} */ path, /** @type {unknown} */ asked) =>
    request(`linkage/${path}`, { method: 'POST', body: asked, signal });
  const [front, days] = await Promise.allSettled([
    post('itineraries', body), week ? post('profile', week) : Promise.resolve(null)]);
  if (front.status === 'rejected' && aborted(front.reason)) return;
  batch(() => {
    const answer = /** @type {Answer | null} */ (front.status === 'fulfilled' ? front.value : null);
    linkageStore.answer.value = answer;
    linkageStore.before.value = before;
    linkageStore.ready.value = Date.parse(body.depart_at);
    linkageStore.error.value = front.status === 'rejected' ? front.reason : null;
    linkageStore.profile.value = days.status === 'fulfilled' ? days.value : null;
    linkageStore.profileError.value = days.status === 'rejected' ? days.reason : null;
    linkageStore.chosen.value = answer?.cards[0] ?? null;
    linkageStore.pointed.value = null;
    linkageStore.working.value = false;
  });
  if (!before) showAll();
}

/** Move the map where it does not show all legs. */
const showAll = () =>
  showPoints((linkageStore.answer.peek()?.legs.features ?? []).flatMap(({ geometry }) => geometry.coordinates));

/** Move the map where it does not show all of some points. */
export function showPoints(/** @type {[number, number][]} */ points) {
  const box = viewStore.bounds.peek();
  if (!points.length || !box) return;
  const [west, south, east, north] = box;
  const seen = (/** @type {[number, number]} */ [lon, lat]) => lon > west && lon < east && lat > south && lat < north;
  if (points.every(seen)) return;
  const [lons, lats] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  fitTo([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]);
}

/** Let the cargo be ready at a time, and ask again. */
export function readyFor(/** @type {string} */ at) {
  setShipment({ ready: toInput(at) });
  return askLinkage();
}

/** Begin and end of a leg, degrees. @returns {[[number, number], [number, number]] | null} */
export function endsOf(/** @type {number} */ itinerary, /** @type {number} */ leg) {
  const features = linkageStore.answer.peek()?.legs.features ?? [];
  const line = features.find(({ properties: p }) => p.itinerary === itinerary && p.leg === leg)?.geometry.coordinates;
  return line ? [line[0], line[line.length - 1]] : null;
}

/** Fetch the roads of the itinerary on show, as the planner drives them at the hour. */
async function fetchRoads() {
  const one = chosenOne.peek();
  linkageStore.roads.value = {};
  drawing.abort();
  if (!one?.legs.some(({ mode }) => mode === 'road')) return;
  const signal = drawing.begin();
  const found = await Promise.allSettled(one.legs.map(async (leg, at) => {
    const ends = leg.mode === 'road' ? endsOf(one.id, at) : null;
    if (!ends) return null;
    const body = { profile: BY, waypoints: ends, depart_at: leg.departs };
    const answer = await request('paths', { method: 'POST', body, signal });
    return answer.features[0].geometry.coordinates;
  }));
  if (signal.aborted) return;
  linkageStore.roads.value = Object.fromEntries(
    found.flatMap((line, at) => (line.status === 'fulfilled' && line.value ? [[at, line.value]] : [])));
}

/** Read the hubs once; who is not signed in has none. */
async function loadHubs() {
  if (linkageStore.hubs.peek().length || !sessionStore.account.peek()) return;
  try {
    linkageStore.hubs.value = (await request('linkage/hubs')).hubs;
  } catch (error) {
    linkageStore.error.value = error;
  }
}

/** Take in what is pointed at on the map, read the hubs, and ask at once what an address names. */
export function watchLinkage() {
  for (const side of /** @type {const} */ (['start', 'goal'])) {
    takeDrawn(`linkage-${side}`, (_, [[lon, lat]]) => {
      setShipment({ [side]: `${lon.toFixed(5)},${lat.toFixed(5)}` });
      openDrawer('side');
    });
  }
  let asked = false;
  effect(() => {
    if (!linkageOpen.value || !sessionStore.account.value) return;
    untracked(loadHubs);
    if (!asked && askable(linkageStore.draft.peek())) untracked(askLinkage);
    asked = true;
  });
  effect(() => {
    const newest = planStore.newest.value;
    const held = linkageStore.answer.peek()?.network_version ?? Infinity;
    if (linkageOpen.value && newest > held) untracked(askAgain);
  });
  effect(() => {
    void chosenOne.value;
    untracked(fetchRoads);
  });
}
