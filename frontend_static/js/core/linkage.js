// @ts-check
/** A shipment through the four ports: as it is typed, as it is asked, and the figures of its charts. */
import { fromInput, rfc3339 } from './i18n.js';

/**
 * @typedef {'road' | 'rail' | 'barge' | 'feeder' | 'deep_sea' | 'air'} Mode
 * @typedef {'ask' | 'hub' | 'box' | 'berth' | 'gate' | 'drill'} View
 * @typedef {{ low: number, high: number | null }} Interval the highest is null where nobody knows it
 *
 * @typedef {object} Draft as typed: nothing of it is lost before it is right
 * @property {View} [view]
 * @property {string} [start] id of a hub, or `lon,lat`
 * @property {string} [goal]
 * @property {string} [teu]
 * @property {string} [mass] t
 * @property {string} [kind]
 * @property {string} [ready] 2026-12-01 08:00; blank: now
 * @property {string} [latest]
 * @property {string} [ban] modes by commas
 * @property {string} [transfers] most
 * @property {string} [x] measure along the chart
 * @property {string} [y] measure up the chart
 * @property {string} [hub] whose board is open
 * @property {string} [hours] of the board
 * @property {string} [unit] number of a box or bag
 * @property {string} [shipment] whose chain is open
 * @property {string} [area] of the drill, `lon,lat;…`
 * @property {string} [since] of the drill
 * @property {string} [until]
 * @property {string} [count] made-up shipments of the drill; 0: those that are kept
 * @property {string} [roads] `1`: the drill closes roads too
 * @property {string} [terminal] whose berths or gate are on show; blank: the first, of berths with calls
 * @property {string} [day] of the gate, 2026-12-01; blank: the first with requests that is not past
 * @property {string} [lanes] that work at the gate all day; blank: those of the terminal
 *
 * @typedef {{ formula: string, mass_t: number, km: number, g_per_tkm: Interval, factor_set: string,
 *   scope: string | null, source: string | null }} Sheet
 * @typedef {object} Leg
 * @property {Mode} mode
 * @property {string | null} service
 * @property {string | null} trip
 * @property {string | null} service_name_zh
 * @property {string | null} service_name_en
 * @property {string | null} from_hub
 * @property {string | null} to_hub
 * @property {string | null} gate_closes
 * @property {string} departs
 * @property {string} arrives
 * @property {number} km
 * @property {Interval} cost_cny
 * @property {Interval} co2_kg
 * @property {Sheet} sheet
 * @property {import('./types.js').Origin} origin
 *
 * @typedef {object} Itinerary
 * @property {number} id
 * @property {boolean} any_time
 * @property {string} departs
 * @property {string} arrives
 * @property {number} hours
 * @property {Interval} cost_cny
 * @property {Interval} co2_kg
 * @property {Interval} transfer_cost_cny
 * @property {Interval} transfer_co2_kg
 * @property {number} transfers
 * @property {number} on_time
 * @property {Leg[]} legs
 *
 * @typedef {{ by_set: Record<string, number[]>, depends_on_factor_set: boolean, undecided: [number, number][] }} Order
 * @typedef {import('./types.js').Text} Text
 * @typedef {{ itineraries: Itinerary[], none_because: { text: Text }[], cards: number[],
 *   hypervolume_share: number, co2_order: Order, network_version: number, timetable_version: number,
 *   legs: { features: any[] } }} Answer
 * @typedef {{ day: string, itineraries: number, latest: number, soonest: number, cheapest_cny: Interval,
 *   least_co2_kg: Interval }} Day
 * @typedef {{ itineraries: Itinerary[], days: Day[] }} Profile
 *
 * @typedef {object} Hub
 * @property {string} id
 * @property {string} kind
 * @property {import('./types.js').Text} name
 * @property {string[]} un_locodes
 * @property {[number, number]} at
 * @property {import('./types.js').Origin} origin
 */

/** @type {Mode[]} */
export const MODES = ['road', 'rail', 'barge', 'feeder', 'deep_sea', 'air'];
export const KINDS = /** @type {const} */ (['container', 'cold', 'dangerous', 'bulk', 'air']);

/** Two boxes with 20 t. @type {Required<Draft>} */
export const NEW_SHIPMENT = {
  view: 'ask', start: '', goal: '', teu: '2', mass: '20', kind: 'container', ready: '', latest: '', ban: '',
  transfers: '4', x: 'hours', y: 'cost', hub: '', hours: '48', unit: '', shipment: '', terminal: '', day: '', lanes: '',
  area: '', since: '', until: '', count: '200', roads: '',
};

/** What of a draft differs from a new one. @returns {Draft} */
export function differing(/** @type {Draft} */ draft) {
  const names = /** @type {(keyof Draft)[]} */ (Object.keys(draft));
  const changed = names.filter((name) => draft[name] !== NEW_SHIPMENT[name]);
  return Object.fromEntries(changed.map((name) => [name, draft[name]]));
}

const PLACE = /^\s*(-?\d+(?:\.\d+)?)\s*[,，\s]\s*(-?\d+(?:\.\d+)?)\s*$/;

/** A typed place as longitude and latitude; null when it is none. @returns {[number, number] | null} */
export function placeOf(/** @type {string} */ text) {
  const found = PLACE.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : null;
}

const end = (/** @type {string} */ text) => {
  const point = placeOf(text);
  return point ? { point } : { hub: text.trim() };
};

/** Whether both ends are named. */
export const askable = (/** @type {Required<Draft>} */ draft) => Boolean(draft.start.trim() && draft.goal.trim());

/** What both questions have in common. */
function shipmentBody(/** @type {Required<Draft>} */ draft) {
  const ban = draft.ban.split(',').filter(Boolean);
  return {
    start: end(draft.start), goal: end(draft.goal), teu: Number(draft.teu), mass_t: Number(draft.mass),
    kinds: [draft.kind], max_transfers: Number(draft.transfers),
    ...(ban.length ? { ban_modes: ban } : {}),
    ...(draft.latest.trim() ? { latest_arrival: fromInput(draft.latest) } : {}),
  };
}

const MINUTE_MS = 60_000;

/** When the cargo is ready, RFC 3339; now (ms) is the next full minute, so that what just began holds by then. */
export const readyAt = (/** @type {Required<Draft>} */ { ready }, /** @type {number} */ now) =>
  ready.trim() ? fromInput(ready) : rfc3339(Math.ceil(now / MINUTE_MS) * MINUTE_MS);

/** The question for itineraries. */
export const itinerariesBody = (/** @type {Required<Draft>} */ draft, /** @type {number} */ now) =>
  ({ ...shipmentBody(draft), depart_at: readyAt(draft, now) });

const DAY_MS = 86_400_000;
/** Days of a profile. */
const DAYS = 7;

/** The question for the week; null where the time it begins with cannot be read. */
export function profileBody(/** @type {Required<Draft>} */ draft, /** @type {number} */ now) {
  const since = readyAt(draft, now);
  const until = Date.parse(since) + DAYS * DAY_MS;
  return Number.isNaN(until) ? null : { ...shipmentBody(draft), since, until: rfc3339(until) };
}

/** Member of the question -> field of the form. @type {Record<string, keyof Draft>} */
const FIELDS = {
  start: 'start', goal: 'goal', teu: 'teu', mass_t: 'mass', kinds: 'kind', depart_at: 'ready', since: 'ready',
  latest_arrival: 'latest', ban_modes: 'ban', max_transfers: 'transfers',
};

/** The field that a problem is about; null when it is none of the form. */
export function fieldOf(/** @type {any} */ error) {
  const { parameter, pointer } = error?.body ?? {};
  return FIELDS[String(parameter ?? pointer ?? '').split('/').filter(Boolean)[0] ?? ''] ?? null;
}

/** A text as it is looked for: small letters, nothing between them. */
const plain = (/** @type {string} */ text) => text.toLowerCase().replace(/[\s\-·]/g, '');

/**
 * Hubs that a text may mean, the likeliest first: by code, by the begin of a name or of its pinyin (which is the
 * id or the English name), then anywhere in them.
 *
 * @param {Hub[]} hubs @param {string} text
 */
export function findHubs(hubs, text, most = 8) {
  const wanted = plain(text);
  if (!wanted) return hubs.slice(0, most);
  const ranked = hubs.flatMap((hub) => {
    const codes = hub.un_locodes.map(plain);
    const names = [hub.id, hub.name.zh ?? '', hub.name.en ?? ''].map(plain);
    if (codes.includes(wanted) || names.includes(wanted)) return [{ hub, rank: 0 }];
    if ([...codes, ...codes.map((code) => code.slice(2)), ...names].some((one) => one.startsWith(wanted))) {
      return [{ hub, rank: 1 }];
    }
    return names.some((one) => one.includes(wanted)) ? [{ hub, rank: 2 }] : [];
  });
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, most).map(({ hub }) => hub);
}

/** @typedef {'hours' | 'cost' | 'co2'} Measure */
/** @type {Measure[]} */
export const MEASURES = ['hours', 'cost', 'co2'];

/** A measure of an itinerary as an interval; hours count from when the cargo is ready. @returns {Interval} */
export function measured(/** @type {Itinerary} */ one, /** @type {Measure} */ measure, /** @type {number} */ ready) {
  if (measure === 'cost') return one.cost_cny;
  if (measure === 'co2') return one.co2_kg;
  const hours = (Date.parse(one.arrives) - ready) / 3_600_000;
  return { low: hours, high: hours };
}

/** A round step and top of an axis that holds some values; at most five steps. */
export function axisOf(/** @type {number[]} */ values) {
  const most = Math.max(1e-9, ...values);
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size * 5 >= most) ?? 10 * power;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  const at = (/** @type {number} */ number) => Number((number * step).toPrecision(12));
  return { step, top: at(count), ticks: Array.from({ length: count + 1 }, (_, number) => at(number)) };
}

/**
 * Points of the chart: where each itinerary stands at the lower ends, and its whiskers; an unknown upper end has
 * its whisker to the edge, and says so.
 *
 * @param {Itinerary[]} all @param {Measure} across @param {Measure} up @param {number} ready ms
 */
export function frontOf(all, across, up, ready) {
  const points = all.map((one) => ({ one, x: measured(one, across, ready), y: measured(one, up, ready) }));
  const ends = (/** @type {'x' | 'y'} */ side) => points.flatMap(({ [side]: { low, high } }) => [low, high ?? low]);
  return { points, x: axisOf(ends('x')), y: axisOf(ends('y')) };
}

/**
 * The course of an itinerary over time and distance: it stays at a hub from an arrival to the next departure.
 *
 * @param {Itinerary} one @param {number} ready ms
 */
export function courseOf(one, ready) {
  let km = 0;
  let at = Math.min(ready, Date.parse(one.departs));
  const legs = one.legs.map((leg) => {
    const [departs, arrives] = [Date.parse(leg.departs), Date.parse(leg.arrives)];
    const part = {
      leg, from: { at: departs, km }, to: { at: arrives, km: km + leg.km }, waits: { since: at, until: departs },
      closes: leg.gate_closes ? Date.parse(leg.gate_closes) : null,
    };
    km += leg.km;
    at = arrives;
    return part;
  });
  return { legs, since: Math.min(ready, Date.parse(one.departs)), until: Math.max(at, Date.parse(one.arrives)), km,
    rests: { since: at, until: Date.parse(one.arrives) } };
}

/**
 * The cheapest of a day of a profile; null where none sets out then. The way that may be driven at any time is none.
 *
 * @param {Profile} profile @param {string} day 2026-12-01
 */
export function cheapestOf(profile, day) {
  const own = profile.itineraries.filter((one) => !one.any_time && one.departs.startsWith(day));
  return own.reduce((best, one) => (!best || one.cost_cny.low < best.cost_cny.low ? one : best),
    /** @type {Itinerary | null} */ (null));
}

/** What an itinerary is the same by when it is asked for again: its modes, services and trips. */
const signOf = (/** @type {Itinerary} */ one) =>
  one.legs.map((leg) => [leg.mode, leg.service, leg.trip].join(' ')).join('|');

/** What of an itinerary is compared: of a way that may be driven at any time not the time at which it is. */
function comparedOf(/** @type {Itinerary} */ one) {
  if (!one.any_time) return JSON.stringify({ ...one, id: 0 });
  return JSON.stringify([one.hours, one.cost_cny, one.co2_kg, one.on_time, one.legs.map(({ km }) => km)]);
}

/**
 * What became of the itineraries of an answer when it was asked for again: by the id of the new ones, what they were
 * before where that differs, `new` where they were not; and those that are gone.
 *
 * @param {Answer | null} before @param {Answer} now
 */
export function changesOf(before, now) {
  const told = new Map(/** @type {[number, Itinerary | 'new'][]} */ ([]));
  if (!before) return { told, gone: /** @type {Itinerary[]} */ ([]) };
  const old = new Map(before.itineraries.map((one) => [signOf(one), one]));
  for (const one of now.itineraries) {
    const was = old.get(signOf(one));
    old.delete(signOf(one));
    if (!was) told.set(one.id, 'new');
    else if (comparedOf(was) !== comparedOf(one)) told.set(one.id, was);
  }
  return { told, gone: [...old.values()] };
}

/** The first gate that closes on the way; null when none does. */
export const gateOf = (/** @type {Itinerary} */ one) => one.legs.find((leg) => leg.gate_closes)?.gate_closes ?? null;

/** Whether something of an itinerary is made up. */
export const madeUp = (/** @type {Itinerary} */ one) => one.legs.some(({ origin }) => origin === 'synthetic');
