// @ts-check
/** The flight that is planned: its draft, the answer to "may I fly?", and its filing. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import {
  NEW_FLIGHT, differing, draftOf, drawnFields, fieldOf, placesOf, questionOf, volumesOf, writePlaces,
} from '../core/air.js';
import { anchor } from '../core/geo.js';
import { toInput } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { takeDrawn } from './draw.js';
import { openDrawer, showPanel } from './shell.js';
import { askedInstant } from './time.js';

/** @typedef {import('../core/air.js').Draft} Draft */
/** @typedef {import('../core/types.js').AirAnswer} AirAnswer */
/** @typedef {import('../core/types.js').FlightPlan} FlightPlan */

const CONFLICT = 409;

export const airStore = { task: url.air };

/** What is shown of a flight: of which draft an answer is, so that a changed one is told. */
export const flightStore = {
  draft: computed(() => /** @type {Required<Draft>} */ ({ ...NEW_FLIGHT, ...url.flight.value })),
  answer: signal(/** @type {AirAnswer | null} */ (null)),
  answered: signal(''),
  /** Why the last question or filing was refused. */
  error: signal(/** @type {unknown} */ (null)),
  working: signal(/** @type {'check' | 'file' | null} */ (null)),
  /** The plan that was filed, or is open. */
  plan: signal(/** @type {FlightPlan | null} */ (null)),
  /** What the plan was to become when it was filed last. */
  filingAs: signal(/** @type {'Accepted' | 'Filed'} */ ('Filed')),
  /** The alternative that is pointed at. */
  pointed: signal(/** @type {number | null} */ (null)),
};

const newest = new Latest();

/** The fields that an answer stands on. */
function asking(/** @type {Required<Draft>} */ draft) {
  const { title: _, ...rest } = draft;
  return JSON.stringify(rest);
}

/** Whether the draft was changed after its answer. */
export const isStale = computed(
  () => flightStore.answer.value !== null && flightStore.answered.value !== asking(flightStore.draft.value),
);

/** The overlap that refused the plan, or null. @returns {import('../core/types.js').Overlap | null} */
export function overlap() {
  const error = /** @type {any} */ (flightStore.error.value);
  return error?.status === CONFLICT && error.body?.conflicts ? error.body : null;
}

/** The field that the last refusal points at. */
export const wrongField = () => fieldOf(/** @type {any} */ (flightStore.error.value)?.body?.pointer);

/** Fill in fields; only what differs from a new plan is kept. */
export function setFlight(/** @type {Draft} */ fields) {
  batch(() => {
    url.flight.value = differing({ ...url.flight.peek(), ...fields }, NEW_FLIGHT);
    flightStore.error.value = null;
  });
}

/** Open the desk of low altitude at one of its tasks. */
export function openAir(/** @type {import('../core/hash.js').UrlState['air']} */ task) {
  batch(() => {
    url.air.value = task;
    showPanel('air', { drawer: true });
  });
}

/** Ask whether one may fly at a place, along a line or over an area, as the form stands. */
export function flyAt(/** @type {Draft['shape']} */ shape, /** @type {[number, number][]} */ points, title = '') {
  batch(() => {
    newFlight();
    openAir('flight');
    setFlight({ shape, places: writePlaces(points), title });
  });
  return check();
}

/** Ask whether one may fly where a feature is: at a point, along a line, over an area. */
export function flyAlong(/** @type {any} */ geometry, /** @type {string} */ title) {
  const parts = /** @type {Record<string, [Draft['shape'], (all: any) => [number, number][]]>} */ ({
    Point: ['point', (all) => [all]],
    LineString: ['line', (all) => all],
    MultiLineString: ['line', longest],
    Polygon: ['area', ([outer]) => outer.slice(0, -1)],
    MultiPolygon: ['area', (all) => longest(all.map((/** @type {any[]} */ [outer]) => outer)).slice(0, -1)],
  });
  const [shape, read] = parts[geometry.type] ?? ['point', () => [/** @type {[number, number]} */ (anchor(geometry))]];
  return flyAt(shape, read(geometry.coordinates), title);
}

/** The part with the most vertices. @returns {[number, number][]} */
const longest = (/** @type {[number, number][][]} */ all) => [...all].sort((a, b) => b.length - a.length)[0];

/** Begin anew. */
export function newFlight() {
  batch(() => {
    url.flight.value = {};
    url.answer.value = null;
    url.operation.value = null;
    flightStore.error.value = null;
  });
}

/** Run one step; what is refused stays in the form, with everything that was typed. */
async function step(/** @type {'check' | 'file'} */ name, /** @type {() => Promise<void>} */ run) {
  flightStore.working.value = name;
  flightStore.error.value = null;
  try {
    await run();
  } catch (error) {
    if (aborted(error)) return;
    flightStore.error.value = error;
  }
  flightStore.working.value = null;
}

async function ask() {
  const draft = flightStore.draft.peek();
  const body = questionOf(draft, askedInstant());
  const answer = await request('airspace/check', { method: 'POST', body, signal: newest.begin() });
  batch(() => {
    flightStore.answer.value = answer;
    flightStore.answered.value = asking(draft);
    url.answer.value = answer.id;
  });
  return answer;
}

/** Ask "may I fly?" of the draft. */
export const check = () => step('check', async () => void (await ask()));

/**
 * File the plan: as it stands, or with the volumes of an alternative.
 *
 * @param {'Accepted' | 'Filed'} state accepted at once, by an officer; or waiting for one
 * @param {unknown[]} [volumes]
 */
export const file = (state, volumes) => step('file', async () => {
  flightStore.filingAs.value = state;
  const draft = flightStore.draft.peek();
  const known = flightStore.answer.peek();
  const answer = known && !isStale.peek() ? known : await ask();
  const body = {
    volumes: volumes ?? volumesOf(draft, answer),
    title: draft.title.trim() || undefined,
    task: draft.task,
    aircraft: draft.aircraft,
    state,
  };
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const plan = await request('airspace/operations', { method: 'POST', body, headers });
  batch(() => {
    flightStore.plan.value = plan;
    flightStore.pointed.value = null;
    url.operation.value = plan.id;
  });
});

/** Show an alternative on the map. */
export function pointAtAlternative(/** @type {number | null} */ index) {
  flightStore.pointed.value = index;
}

/** Take an alternative of the answer: another height, time or side; and ask again. */
export function takeOther(/** @type {Draft} */ fields) {
  setFlight(fields);
  return check();
}

/** Take the place beside as an alternative of the answer names it: a point, or the whole shape moved. */
export const takeSide = (/** @type {import('../core/types.js').AirSide} */ { point, geometry }) =>
  takeOther(placesOf(geometry ?? { type: 'Point', coordinates: point }));

/** Whether the desk shows the flight that is planned. */
export const flightShown = () => url.panel.value === 'air' && url.air.value === 'flight';

/** Show the answer and the plan that the address names; take in what is drawn. */
export function watchFlight() {
  takeDrawn('flight', (shape, points) => {
    setFlight(drawnFields(shape, points));
    openDrawer('side');
  });
  effect(() => {
    const number = url.answer.value;
    if (number && flightShown() && flightStore.answer.peek()?.id !== number) untracked(() => reopen(number));
    if (!number) flightStore.answer.value = null;
  });
  effect(() => {
    const id = url.operation.value;
    if (!id) flightStore.plan.value = null;
    else if (flightShown() && flightStore.plan.peek()?.id !== id) untracked(() => openPlan(id));
  });
}

/** Fetch an answer that was given, and fill its question in where the form is empty. */
function reopen(/** @type {string} */ number) {
  return step('check', async () => {
    const given = await request(`airspace/answers/${encodeURIComponent(number)}`, { signal: newest.begin() });
    const typed = draftOf(given.question, toInput);
    if (!url.flight.peek().places) setFlight(typed);
    const draft = flightStore.draft.peek();
    const same = asking({ ...draft, ...typed, from: draft.from ? typed.from ?? '' : '' }) === asking(draft);
    batch(() => {
      flightStore.answer.value = given.answer;
      flightStore.answered.value = same ? asking(draft) : asking({ ...NEW_FLIGHT, ...typed });
    });
  });
}

/** Fetch a plan, with the plans that it is in conflict with. */
async function openPlan(/** @type {string} */ id) {
  try {
    flightStore.plan.value = await request(`airspace/operations/${encodeURIComponent(id)}`);
  } catch (error) {
    flightStore.error.value = error;
  }
}
