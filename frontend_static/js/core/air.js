// @ts-check
/** Flights and restrictions as they are typed, and as the server takes them. */
import { fromInput, rfc3339 } from './i18n.js';

/** @typedef {[number, number]} Place longitude, latitude */
/** @typedef {'point' | 'line' | 'area'} Shape */
/** @typedef {'AGL' | 'AMSL' | 'W84' | 'STD'} Datum */

/**
 * What is typed, as it is typed: nothing of it is lost before it is right.
 *
 * @typedef {object} Draft
 * @property {Shape} [shape]
 * @property {string} [places] a place in each line: longitude, latitude
 * @property {string} [size] metres: radius around a point, width of a corridor in all
 * @property {string} [lower] blank: only the upper height is asked
 * @property {string} [upper]
 * @property {Datum} [datum]
 * @property {'m' | 'ft'} [unit]
 * @property {string} [qnh]
 * @property {string} [from] as 2026-11-22 18:05 in +08:00; blank: the time that is asked for
 * @property {string} [minutes]
 * @property {string} [until]
 * @property {string} [aircraft]
 * @property {string} [task]
 * @property {string} [facility]
 * @property {string} [title]
 * @property {string} [restriction]
 * @property {string} [name]
 * @property {string} [reason]
 * @property {string} [text]
 * @property {string} [authority]
 */

export const SHAPES = /** @type {const} */ (['point', 'line', 'area']);
export const DATUMS = /** @type {const} */ (['AGL', 'AMSL', 'W84', 'STD']);
export const AIRCRAFT = /** @type {const} */ (['micro', 'light', 'small', 'medium', 'large']);
export const TASKS = /** @type {const} */ (['ordinary', 'urgent', 'special_urgent', 'facility_owner', 'farm_work']);

/** @type {Required<Draft>} */
export const NEW_FLIGHT = {
  shape: 'point', places: '', size: '50', lower: '0', upper: '100', datum: 'AGL', unit: 'm', qnh: '', from: '',
  minutes: '30', until: '', aircraft: 'light', task: 'ordinary', facility: '', title: '', restriction: '', name: '',
  reason: '', text: '', authority: '',
};

/** @type {Required<Draft>} */
export const NEW_RESTRICTION = {
  ...NEW_FLIGHT, size: '1000', lower: '', upper: '', aircraft: '', task: '', minutes: '', restriction: 'PROHIBITED',
};

const MINUTE_MS = 60_000;
const EARTH_M = 6_371_008.8;
const DIGITS = 6;

/** Read the places that are typed, a place a line. @returns {Place[]} */
export const readPlaces = (/** @type {string} */ text) =>
  text.split('\n').map((line) => line.trim()).filter(Boolean)
    .map((line) => /** @type {Place} */ (line.split(/[\s,，]+/).map(Number)));

/** What of a draft differs from a new one. @returns {Draft} */
export function differing(/** @type {Draft} */ draft, /** @type {Required<Draft>} */ fresh) {
  const names = /** @type {(keyof Draft)[]} */ (Object.keys(draft));
  return Object.fromEntries(names.filter((name) => draft[name] !== fresh[name]).map((name) => [name, draft[name]]));
}

/** The fields of what was drawn: an area without the repeated end of its ring. @returns {Draft} */
export const drawnFields = (/** @type {Shape} */ shape, /** @type {Place[]} */ points) =>
  ({ shape, places: writePlaces(shape === 'area' ? points.slice(0, -1) : points) });

export const writePlaces = (/** @type {Place[]} */ places) =>
  places.map((place) => place.map((one) => Number(one.toFixed(DIGITS))).join(', ')).join('\n');

const ring = (/** @type {Place[]} */ places) => {
  const [first] = places;
  const last = places.at(-1);
  return first && last && (first[0] !== last[0] || first[1] !== last[1]) ? [...places, first] : places;
};

/** The geometry of a draft as GeoJSON, or null while nothing is drawn. */
export function geometryOf(/** @type {Required<Draft>} */ { shape, places }) {
  const all = readPlaces(places);
  if (!all.length || all.some((place) => place.length !== 2 || !place.every(Number.isFinite))) return null;
  if (shape === 'point') return { type: /** @type {const} */ ('Point'), coordinates: all[0] };
  if (shape === 'line') return { type: /** @type {const} */ ('LineString'), coordinates: all };
  return { type: /** @type {const} */ ('Polygon'), coordinates: [ring(all)] };
}

/** What is asked for as it is typed: the server says what is wrong with it, and where. */
function asked(/** @type {Required<Draft>} */ { shape, places }) {
  const all = readPlaces(places);
  return { point: all[0] ?? [], line: all, area: [ring(all)] }[shape];
}

const TYPES = { point: 'Point', line: 'LineString', area: 'Polygon' };
const numeral = (/** @type {string} */ text) => (text.trim() === '' ? NaN : Number(text));

/** A height with its datum. */
const height = (/** @type {string} */ text, /** @type {Required<Draft>} */ { datum, unit }) => ({
  value: numeral(text), datum, unit,
});

/** Milliseconds at which a flight begins; `now` where no time is typed. */
export const beginOf = (/** @type {Required<Draft>} */ draft, /** @type {number} */ now) =>
  draft.from.trim() ? Date.parse(fromInput(draft.from)) : now;

/** The moment of a text as the server takes it; what is no time is left to it to refuse. */
const moment = (/** @type {number} */ at, /** @type {string} */ typed) => (Number.isNaN(at) ? typed : rfc3339(at));

/** The shape that is asked, the same as is filed: a point with a radius is a circle, a line with a width a corridor. */
function whereOf(/** @type {Required<Draft>} */ draft) {
  const [coordinates, sized] = [asked(draft), Boolean(draft.size.trim())];
  if (draft.shape === 'point' && sized) return { type: 'Circle', coordinates, radius_m: numeral(draft.size) };
  const corridor = draft.shape === 'line' && sized ? { corridor_m: numeral(draft.size) } : {};
  return { type: TYPES[draft.shape], coordinates, ...corridor };
}

/** The body of a question "may I fly?". */
export function questionOf(/** @type {Required<Draft>} */ draft, /** @type {number} */ now) {
  const begin = beginOf(draft, now);
  const end = begin + numeral(draft.minutes || '0') * MINUTE_MS;
  return {
    geometry: whereOf(draft),
    ...(draft.lower.trim()
      ? { band: { lower: height(draft.lower, draft), upper: height(draft.upper, draft) } }
      : { height: height(draft.upper, draft) }),
    aircraft: draft.aircraft,
    at: moment(begin, draft.from),
    until: moment(end, draft.minutes),
    task: draft.task,
    ...(draft.facility.trim() ? { facility: draft.facility.trim() } : {}),
    ...(draft.qnh.trim() ? { qnh_hpa: numeral(draft.qnh) } : {}),
  };
}

/** The fields of a shape of GeoJSON, or of a circle. @returns {{ shape: Shape, places: string }} */
export function placesOf(/** @type {{ type: string, coordinates: any }} */ { type, coordinates }) {
  if (type === 'LineString') return { shape: 'line', places: writePlaces(coordinates) };
  if (type === 'Polygon') return { shape: 'area', places: writePlaces(coordinates[0].slice(0, -1)) };
  return { shape: 'point', places: writePlaces([coordinates]) };
}

/** The draft that asks a question again. @returns {Draft} */
export function draftOf(/** @type {any} */ question, /** @type {(at: string) => string} */ written) {
  const { geometry, height: one, band } = question;
  const upper = one ?? band.upper;
  const until = question.until ?? question.at;
  return {
    ...placesOf(geometry),
    size: String(geometry.corridor_m ?? geometry.radius_m ?? (geometry.type === 'Polygon' ? NEW_FLIGHT.size : '')),
    lower: band ? String(band.lower.value) : '',
    upper: String(upper.value),
    datum: upper.datum,
    unit: upper.unit,
    qnh: question.qnh_hpa === undefined ? '' : String(question.qnh_hpa),
    from: written(question.at),
    minutes: String((Date.parse(until) - Date.parse(question.at)) / MINUTE_MS),
    aircraft: question.aircraft,
    task: question.task ?? NEW_FLIGHT.task,
    facility: question.facility ?? '',
  };
}

/** A place some metres east and north of another one. @returns {Place} */
function moved(/** @type {Place} */ [lon, lat], /** @type {number} */ east, /** @type {number} */ north) {
  const degree = (EARTH_M * Math.PI) / 180;
  return [lon + east / (degree * Math.cos((lat * Math.PI) / 180)), lat + north / degree];
}

/** The rectangle around a leg, half a width longer at each end, so that it holds the corridor. */
function legArea(/** @type {Place} */ a, /** @type {Place} */ b, /** @type {number} */ half) {
  const degree = (EARTH_M * Math.PI) / 180;
  const east = (b[0] - a[0]) * degree * Math.cos((((a[1] + b[1]) / 2) * Math.PI) / 180);
  const north = (b[1] - a[1]) * degree;
  const length = Math.hypot(east, north) || 1;
  const [x, y] = [(east / length) * half, (north / length) * half];
  return [moved(a, -x - y, x - y), moved(b, x - y, x + y), moved(b, x + y, y - x), moved(a, y - x, -x - y)];
}

const vertex = (/** @type {Place} */ [lng, lat]) => ({ lng, lat });
const polygon = (/** @type {Place[]} */ places) => ({ outline_polygon: { vertices: places.map(vertex) } });

/** The footprints of a flight as ASTM F3548 writes them: a circle, an area, or an area for each leg. */
function outlines(/** @type {Required<Draft>} */ draft) {
  const places = readPlaces(draft.places);
  const size = numeral(draft.size);
  if (draft.shape === 'area') return [polygon(ring(places).slice(0, -1))];
  if (draft.shape === 'line') return places.slice(1).map((place, at) => polygon(legArea(places[at], place, size / 2)));
  return [{ outline_circle: { center: vertex(places[0]), radius: { value: size, units: 'M' } } }];
}

/**
 * The volumes of a flight as ASTM F3548 writes them.
 *
 * @param {Required<Draft>} draft
 * @param {{ heights: Record<string, [number, number] | null>, at: string, until: string }} answer
 *   heights are metres, joined by the server
 */
export function volumesOf(draft, { heights, at, until }) {
  const [low, high] = heights.W84 ?? [NaN, NaN];
  const altitude = (/** @type {number} */ value) => ({ value, reference: 'W84', units: 'M' });
  const time = (/** @type {string} */ value) => ({ value, format: 'RFC3339' });
  return outlines(draft).map((outline) => ({
    volume: { ...outline, altitude_lower: altitude(low), altitude_upper: altitude(high) },
    time_start: time(at),
    time_end: time(until),
  }));
}

const CIRCLE_SIDES = 48;

/** The ring of a circle, metres. @returns {Place[]} */
export function circleRing(/** @type {Place} */ centre, /** @type {number} */ radius) {
  const corner = (/** @type {unknown} */ _, /** @type {number} */ at) => {
    const turn = (2 * Math.PI * at) / CIRCLE_SIDES;
    return moved(centre, radius * Math.sin(turn), radius * Math.cos(turn));
  };
  return ring(Array.from({ length: CIRCLE_SIDES }, corner));
}

/** The footprint of a volume of ASTM F3548 as a GeoJSON polygon. */
export function footprintOf(/** @type {any} */ { volume: { outline_circle: circle, outline_polygon: area } }) {
  const place = (/** @type {{ lng: number, lat: number }} */ { lng, lat }) => /** @type {Place} */ ([lng, lat]);
  const outer = circle ? circleRing(place(circle.center), circle.radius.value) : ring(area.vertices.map(place));
  return { type: /** @type {const} */ ('Polygon'), coordinates: [outer] };
}

/** What a draft occupies on the ground, as GeoJSON polygons; none while that is not known. */
export function footprintsOf(/** @type {Required<Draft>} */ draft) {
  const sized = draft.shape === 'area' || numeral(draft.size) > 0;
  if (!geometryOf(draft) || !sized) return [];
  const places = readPlaces(draft.places).length;
  if (places < { point: 1, line: 2, area: 3 }[draft.shape]) return [];
  return outlines(draft).map((outline) => footprintOf({ volume: outline }));
}

/** The body of a new restriction. */
export function restrictionOf(/** @type {Required<Draft>} */ draft) {
  const where = draft.shape === 'area'
    ? { type: 'Polygon', coordinates: asked(draft) }
    : { type: 'Circle', coordinates: asked({ ...draft, shape: 'point' }), radius_m: numeral(draft.size) };
  const until = Date.parse(fromInput(draft.until));
  return {
    geometry: where,
    ...(draft.lower.trim() ? { lower: height(draft.lower, draft) } : {}),
    ...(draft.upper.trim() ? { upper: height(draft.upper, draft) } : {}),
    restriction: draft.restriction,
    ...(draft.from.trim() ? { valid_from: moment(beginOf(draft, 0), draft.from) } : {}),
    valid_to: moment(until, draft.until),
    name: draft.name.trim(),
    reason: draft.reason.trim(),
    legal_text: draft.text.trim(),
    authority: draft.authority.trim(),
  };
}

/** Which field of the form a JSON pointer of a problem means. @type {[RegExp, keyof Draft][]} */
const POINTERS = [
  [/^\/geometry\/(radius_m|corridor_m)/, 'size'],
  [/^\/(geometry|volumes\/\d+\/volume\/outline)/, 'places'],
  [/^\/(band\/)?(height|upper|lower)\/datum/, 'datum'],
  [/^\/(band\/)?lower/, 'lower'],
  [/^\/(band|height|upper)/, 'upper'],
  [/^\/(at|valid_from)/, 'from'],
  [/^\/until/, 'minutes'],
  [/^\/valid_to/, 'until'],
  [/^\/qnh_hpa/, 'qnh'],
  [/^\/legal_text/, 'text'],
  [/^\/(aircraft|task|facility|title|name|reason|authority|restriction)/, 'name'],
  [/^\/volumes\/\d+\/volume\/altitude/, 'upper'],
  [/^\/volumes/, 'from'],
];

/** Find the field that a JSON pointer means. @returns {keyof Draft | null} */
export function fieldOf(/** @type {string | null | undefined} */ pointer) {
  const found = POINTERS.find(([pattern]) => pattern.test(pointer ?? ''));
  if (!found) return null;
  return found[1] === 'name' ? /** @type {keyof Draft} */ (pointer?.split('/')[1]) : found[1];
}
