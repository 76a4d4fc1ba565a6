// @ts-check
/** The air of a day around the view: zones and flights as the server draws them, and what is where at a time. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { midnight, rfc3339 } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { layerStore } from './layers.js';
import { sessionStore } from './session.js';
import { askedInstant, timeStore } from './time.js';
import { viewStore } from './view.js';

/** @typedef {import('../core/types.js').SkyPicture} SkyPicture */
/** @typedef {import('../core/types.js').SkyFlight} SkyFlight */
/** @typedef {import('../core/types.js').SkyPlace} SkyPlace */
/** @typedef {import('../core/hash.js').UrlState} UrlState */

const DAY_MS = 86_400_000;
/** How far around the view the air is fetched, as a share of its sides. */
const MARGIN = 0.35;
/** Layers whose changed rows change the air. */
const SOURCES = ['airspace', 'controlled_ground', 'airspace_restrictions', 'operations', 'intents'];
export const EXAGGERATIONS = [1, 2, 5, 10, 20];

export const skyStore = {
  /** Flat, or seen from the side with heights. */
  space: url.space,
  /** What heights are shown above: the ground (AGL) or the sea (AMSL). */
  datum: url.datum,
  exaggeration: url.exaggeration,
  /** Whether the list of flights is open. */
  flights: url.flights,
  /** The flight that the map follows. */
  follow: url.follow,
  picture: signal(/** @type {SkyPicture | null} */ (null)),
  loading: signal(false),
  error: signal(/** @type {unknown} */ (null)),
  /** Whether anything shows the air. */
  wanted: computed(() => url.view.value !== 'board' && (url.space.value === '3d' || url.flights.value)),
};

const newest = new Latest();
/** What was fetched last, or is being: west, south, east, north, and for which day, rows and account. */
const held = { box: [0, 0, 0, 0], day: 0, key: '' };
const NONE = { box: [0, 0, 0, 0], day: 0, key: '' };

export function setSpace(/** @type {UrlState['space']} */ space) {
  url.space.value = space;
}

export const switchSpace = () => setSpace(url.space.peek() === '3d' ? '2d' : '3d');

export function setDatum(/** @type {UrlState['datum']} */ datum) {
  url.datum.value = datum;
}

export const switchDatum = () => setDatum(url.datum.peek() === 'AGL' ? 'AMSL' : 'AGL');

export function setExaggeration(/** @type {number} */ times) {
  url.exaggeration.value = times;
}

export function showFlights(/** @type {boolean} */ open) {
  url.flights.value = open;
}

export const switchFlights = () => showFlights(!url.flights.peek());

/** Follow a flight, or none. */
export function follow(/** @type {string | null} */ id) {
  url.follow.value = id;
}

/** Midnight of the day that is asked for. */
const dayAsked = computed(() => {
  void url.time.value;
  return midnight(askedInstant());
});

/** Fetch the air anew where the view leaves what is held, the day changes, or rows have changed. */
export function watchSky() {
  effect(() => {
    const bounds = viewStore.bounds.value;
    const rows = SOURCES.map((id) => layerStore.bumps.value[id] ?? 0).join();
    const key = `${rows} ${sessionStore.account.value?.id}`;
    const day = dayAsked.value;
    if (!skyStore.wanted.value || !bounds) return;
    const [west, south, east, north] = bounds;
    const { box } = held;
    const same = held.day === day && held.key === key;
    const within = same && box[0] <= west && box[1] <= south && box[2] >= east && box[3] >= north;
    if (!within) untracked(() => load(bounds, day, key));
  });
}

export function reloadSky() {
  Object.assign(held, NONE);
  const bounds = viewStore.bounds.peek();
  if (bounds) load(bounds, dayAsked.peek(), '');
}

/** @param {number[]} bounds @param {number} day @param {string} key */
async function load([west, south, east, north], day, key) {
  const [dx, dy] = [(east - west) * MARGIN, (north - south) * MARGIN];
  const box = [
    Math.max(-180, west - dx), Math.max(-85, south - dy), Math.min(180, east + dx), Math.min(85, north + dy),
  ];
  Object.assign(held, { box, day, key });
  const signal = newest.begin();
  skyStore.loading.value = true;
  try {
    const bbox = box.map((edge) => edge.toFixed(5)).join(',');
    const params = { bbox, begin: rfc3339(day), end: rfc3339(day + DAY_MS) };
    const picture = await request('airspace/picture', { params, signal });
    batch(() => {
      skyStore.picture.value = dated(picture);
      skyStore.error.value = null;
      skyStore.loading.value = false;
    });
  } catch (error) {
    if (aborted(error)) return;
    Object.assign(held, NONE);
    skyStore.error.value = error;
    skyStore.loading.value = false;
  }
}

/** Read the times once: they are compared at each frame. @returns {SkyPicture} */
function dated(/** @type {any} */ picture) {
  const ms = (/** @type {any} */ one) => ({
    ...one,
    begin_ms: one.begin ? Date.parse(one.begin) : -Infinity,
    end_ms: one.end ? Date.parse(one.end) : Infinity,
  });
  const flights = picture.flights.map((/** @type {any} */ one) => ({ ...ms(one), volumes: one.volumes.map(ms) }));
  return { ...picture, day_ms: Date.parse(picture.begin), zones: picture.zones.map(ms), flights };
}

/** Tell whether something holds at a time. */
export const inForce = (/** @type {{ begin_ms: number, end_ms: number }} */ one, /** @type {number} */ at) =>
  one.begin_ms <= at && at < one.end_ms;

/** A number between two of a column; null where one is not known. */
function between(/** @type {(number | null)[]} */ column, /** @type {number} */ n, /** @type {number} */ share) {
  const [a, b] = [column[n], column[Math.min(n + 1, column.length - 1)]];
  return a === null || b === null ? null : a + (b - a) * share;
}

/**
 * Where a flight is at a time by its plan, with its heights in each datum; null before and after.
 *
 * @returns {SkyPlace | null}
 */
export function placeOf(/** @type {SkyFlight} */ { path }, /** @type {number} */ at) {
  if (!path) return null;
  const times = path.at_s;
  const t = at / 1000;
  if (t < times[0] || t > times[times.length - 1]) return null;
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle;
    else high = middle;
  }
  const span = times[low + 1] - times[low];
  const share = span > 0 ? (t - times[low]) / span : 0;
  const of = (/** @type {(number | null)[]} */ column) => between(column, low, share);
  const [AMSL, ground] = [of(path.amsl_m), of(path.ground_m)];
  return {
    lon: Number(of(path.lon)), lat: Number(of(path.lat)), W84: Number(of(path.w84_m)), AMSL, ground,
    AGL: AMSL === null || ground === null ? null : AMSL - ground,
  };
}

/** Find a flight of the day. */
export const findFlight = (/** @type {string | null} */ id) =>
  skyStore.picture.value?.flights.find((flight) => flight.id === id);

/** Flights that move, by their begin. */
export const movingFlights = () => (skyStore.picture.value?.flights ?? []).filter((flight) => flight.path);

/** Whether time runs, so that the picture moves. */
export const running = () => timeStore.player.value !== null;
