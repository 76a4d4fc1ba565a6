// @ts-check
/** Encode the map's state into location.hash and back, without loss. */

/**
 * @typedef {{ lng: number, lat: number, zoom: number, bearing: number, pitch: number }} Camera
 * @typedef {{ lon: number, lat: number, label: string }} Waypoint
 * @typedef {{ layer: string, id: string }} Selection
 * @typedef {{ height_m?: number, width_m?: number, length_m?: number, mass_t?: number, axle_t?: number }} Vehicle
 * @typedef {{ mode: 'depart' | 'arrive', at: string }} When
 * @typedef {{ way: 'from' | 'to', unit: 'min' | 'km', values: number[] }} Contours
 * @typedef {{ layer: string | null, way: 'to_point' | 'from_point', minutes: number }} Near
 * @typedef {{ body: Record<string, unknown>, choice: number }} Pin
 * @typedef {{ on: string[], off: string[], time: string | null }} Former
 * @typedef {import('./air.js').Draft} AirDraft
 * @typedef {import('./heat.js').Asked} HeatAsked
 * @typedef {object} UrlState
 * @property {Camera | null} camera
 * @property {string[]} on layers switched on against the catalogue's default
 * @property {string[]} off layers switched off against the catalogue's default
 * @property {string | null} time RFC 3339 instant; null follows the clock
 * @property {'zh' | 'en'} lang
 * @property {'dark' | 'light'} theme
 * @property {'map' | 'table' | 'board'} view
 * @property {string | null} table layer of the table
 * @property {boolean} within table limited to the map's extent
 * @property {string | null} sort
 * @property {string | null} filter CQL2 text that the table's rows are limited to
 * @property {Selection | null} selection
 * @property {'inspect' | 'path' | 'events' | 'scenarios' | 'air' | 'heat' | 'water' | 'linkage'} panel
 * @property {(Waypoint | null)[]} waypoints
 * @property {'path' | 'reach' | 'nearest'} plan what the planner does
 * @property {string} profile
 * @property {Vehicle} vehicle sizes that differ from the profile's
 * @property {string | null} hazmat dangerous goods on board
 * @property {'allow' | 'refuse'} unknown edges whose limits are not known
 * @property {When | null} when null leaves at the time of the map
 * @property {number} choice rank of the path on show
 * @property {Pin | null} pin question whose path the others are compared with, and its rank
 * @property {Waypoint | null} origin of the reach and of the nearest facilities
 * @property {Contours} contours
 * @property {Near} near
 * @property {string | null} event
 * @property {string | null} scenario whose page is open
 * @property {Former | null} former what the map showed before the scenario
 * @property {Record<string, any>} inputs what is filled in in the forms of the scenario's processes
 * @property {string[]} tiles indicators on the board; none shows the first of all
 * @property {'prefecture' | 'county'} level units that the board's tiles list
 * @property {string | null} period of the board: day, ISO week or month; null this month
 * @property {boolean} kiosk the board alone, without the page around it
 * @property {'flight' | 'inbox' | 'restrict'} air what the desk of low altitude shows
 * @property {AirDraft} flight what differs from a new flight plan
 * @property {boolean} cells whether cells in which one may fly are shown
 * @property {AirDraft} restriction what differs from a new temporary restriction
 * @property {string | null} answer number of the answer on show
 * @property {string | null} operation flight plan that is open: filed, or read in the inbox
 * @property {string | null} restricted temporary restriction that is open
 * @property {import('./voyage.js').Draft} voyage what differs from a usual vessel, and where it goes
 * @property {string | null} lock lock whose desk is open in the tab of waterways, or `board` for all of them
 * @property {import('./linkage.js').Draft} linkage what differs from a new shipment through the four ports
 * @property {HeatAsked} heat what of enforcement heat differs from the default
 * @property {'2d' | '3d'} space flat, or with heights
 * @property {'AGL' | 'AMSL'} datum what heights are shown above: the ground or the sea
 * @property {number} exaggeration how many times heights are drawn taller than they are
 * @property {boolean} flights whether the list of flights is open
 * @property {string | null} follow flight that the map follows
 * @property {[number, number][] | null} cut line of the section through the air
 * @property {number} speed of the player, times that of the clock
 */

/** @type {UrlState} */
export const DEFAULTS = {
  camera: null,
  on: [],
  off: [],
  time: null,
  lang: 'zh',
  theme: 'dark',
  view: 'map',
  table: null,
  within: true,
  sort: null,
  filter: null,
  selection: null,
  panel: 'events',
  waypoints: [null, null],
  plan: 'path',
  profile: 'car',
  vehicle: {},
  hazmat: null,
  unknown: 'allow',
  when: null,
  choice: 0,
  pin: null,
  origin: null,
  contours: { way: 'from', unit: 'min', values: [15, 30, 60] },
  near: { layer: null, way: 'to_point', minutes: 60 },
  event: null,
  scenario: null,
  former: null,
  inputs: {},
  tiles: [],
  level: 'prefecture',
  period: null,
  kiosk: false,
  air: 'flight',
  flight: {},
  cells: false,
  restriction: {},
  answer: null,
  operation: null,
  restricted: null,
  voyage: {},
  lock: null,
  linkage: {},
  heat: {},
  space: '2d',
  datum: 'AGL',
  exaggeration: 5,
  flights: false,
  follow: null,
  cut: null,
  speed: 600,
};

/** Stops that a path may have: start, end and 25 between them. */
export const MOST_STOPS = 27;
/** Contours that one question for a reach may have. */
export const MOST_CONTOURS = 5;
/** Vertices that the line of a section may have in an address. */
const MOST_VERTICES = 60;

const VEHICLE_KEYS = /** @type {const} */ (['height_m', 'width_m', 'length_m', 'mass_t', 'axle_t']);

const list = (/** @type {string} */ text) => (text ? text.split(',').map(decodeURIComponent) : []);
const join = (/** @type {string[]} */ items) => items.map(encodeURIComponent).join(',');
const trim = (/** @type {number} */ value, /** @type {number} */ digits) =>
  String(Number(value.toFixed(digits)));

const camera = {
  write: (/** @type {Camera | null} */ c) =>
    c &&
    [trim(c.zoom, 2), trim(c.lat, 5), trim(c.lng, 5), trim(c.bearing, 1), trim(c.pitch, 1)]
      .join('/')
      .replace(/\/0\/0$/, ''),
  read: (/** @type {string} */ text) => {
    const [zoom, lat, lng, bearing = 0, pitch = 0] = text.split('/').map(Number);
    const found = { lng, lat, zoom, bearing, pitch };
    const whole = Object.values(found).every(Number.isFinite);
    return whole && Math.abs(lat) <= 85 && Math.abs(lng) <= 180 ? found : null;
  },
};

const point = (/** @type {Waypoint | null} */ p) =>
  p ? `${trim(p.lon, 6)},${trim(p.lat, 6)},${encodeURIComponent(p.label)}` : '';

/** @returns {Waypoint | null} */
function readPoint(/** @type {string} */ text) {
  const [lon, lat, label = ''] = text.split(',');
  const found = { lon: Number(lon), lat: Number(lat), label: decodeURIComponent(label) };
  return text && Number.isFinite(found.lon) && Number.isFinite(found.lat) ? found : null;
}

const waypoints = {
  write: (/** @type {(Waypoint | null)[]} */ all) => (all.some(Boolean) ? all.map(point).join(';') : null),
  read: (/** @type {string} */ text) => {
    const all = text.split(';').slice(0, MOST_STOPS).map(readPoint);
    return all.length >= 2 ? all : [...all, null];
  },
};

const vehicle = {
  write: (/** @type {Vehicle} */ v) =>
    VEHICLE_KEYS.some((key) => v[key] !== undefined)
      ? VEHICLE_KEYS.map((key) => v[key] ?? '').join(',')
      : null,
  read: (/** @type {string} */ text) => {
    /** @type {Vehicle} */
    const found = {};
    text.split(',').forEach((part, index) => {
      const key = VEHICLE_KEYS[index];
      if (key && part !== '' && Number(part) > 0) found[key] = Number(part);
    });
    return found;
  },
};

const instant = (/** @type {string} */ raw) => {
  const found = decodeURIComponent(raw);
  return Number.isNaN(Date.parse(found)) ? null : found;
};

const when = {
  write: (/** @type {When | null} */ w) => w && `${w.mode}@${encodeURIComponent(w.at)}`,
  read: (/** @type {string} */ text) => {
    const [mode, raw = ''] = text.split('@');
    const at = instant(raw);
    return at && (mode === 'depart' || mode === 'arrive') ? { mode, at } : null;
  },
};

const contours = {
  write: (/** @type {Contours} */ c) => [c.way, c.unit, ...c.values].join(','),
  read: (/** @type {string} */ text) => {
    const [way, unit, ...rest] = text.split(',');
    const values = [...new Set(rest.map(Number))].filter((value) => value > 0 && value <= 1000).slice(0, MOST_CONTOURS);
    const known = (way === 'from' || way === 'to') && (unit === 'min' || unit === 'km') && values.length;
    return known ? { way, unit, values: values.sort((a, b) => a - b) } : undefined;
  },
};

const near = {
  write: (/** @type {Near} */ n) => [n.layer ? encodeURIComponent(n.layer) : '', n.way, n.minutes].join(','),
  read: (/** @type {string} */ text) => {
    const [layer, way, minutes] = text.split(',');
    const known = (way === 'to_point' || way === 'from_point') && Number(minutes) > 0;
    return known ? { layer: decodeURIComponent(layer) || null, way, minutes: Number(minutes) } : undefined;
  },
};

const pin = {
  write: (/** @type {Pin | null} */ p) => p && encodeURIComponent(JSON.stringify([p.body, p.choice])),
  read: (/** @type {string} */ raw) => {
    const [body, choice] = JSON.parse(decodeURIComponent(raw));
    return Array.isArray(body?.waypoints) && [0, 1, 2, 3].includes(choice) ? { body, choice } : undefined;
  },
};

const former = {
  write: (/** @type {Former | null} */ f) => f && [join(f.on), join(f.off), encodeURIComponent(f.time ?? '')].join(';'),
  read: (/** @type {string} */ raw) => {
    const [on = '', off = '', time = ''] = raw.split(';');
    return { on: list(on), off: list(off), time: instant(time) ?? null };
  },
};

const filledIn = {
  write: (/** @type {Record<string, any>} */ all) =>
    Object.keys(all).length ? encodeURIComponent(JSON.stringify(all)) : null,
  read: (/** @type {string} */ raw) => {
    const found = JSON.parse(decodeURIComponent(raw));
    return found && typeof found === 'object' && !Array.isArray(found) ? found : undefined;
  },
};

const word = (/** @type {string[]} */ ...allowed) => ({
  write: (/** @type {string} */ value) => value,
  read: (/** @type {string} */ text) => (allowed.includes(text) ? text : undefined),
});
const text = {
  write: (/** @type {string | null} */ value) => value && encodeURIComponent(value),
  read: (/** @type {string} */ raw) => decodeURIComponent(raw) || null,
};

const flag = {
  write: (/** @type {boolean} */ value) => (value ? '1' : '0'),
  read: (/** @type {string} */ raw) => raw === '1',
};

const cut = {
  write: (/** @type {[number, number][] | null} */ line) =>
    line && line.map(([lon, lat]) => `${trim(lon, 5)},${trim(lat, 5)}`).join(';'),
  read: (/** @type {string} */ raw) => {
    const line = raw.split(';').slice(0, MOST_VERTICES).map((part) => part.split(',').map(Number));
    return line.length > 1 && line.every((at) => at.length === 2 && at.every(Number.isFinite)) ? line : undefined;
  },
};

const times = (/** @type {number} */ most) => ({
  write: String,
  read: (/** @type {string} */ raw) => (Number(raw) >= 1 && Number(raw) <= most ? Number(raw) : undefined),
});

/** @typedef {{ key: string, always?: boolean, write: Function, read: Function }} Field */

/** Field of the state -> key in the hash and the way to write and read it. */
const FIELDS = /** @type {Record<keyof UrlState, Field>} */ ({
  camera: { key: 'm', ...camera },
  on: { key: 'on', write: join, read: list },
  off: { key: 'off', write: join, read: list },
  time: {
    key: 't',
    write: text.write,
    read: instant,
  },
  lang: { key: 'lang', always: true, ...word('zh', 'en') },
  theme: { key: 'theme', always: true, ...word('dark', 'light') },
  view: { key: 'view', ...word('map', 'table', 'board') },
  table: { key: 'table', ...text },
  within: { key: 'within', ...flag },
  sort: { key: 'sort', ...text },
  filter: { key: 'where', ...text },
  selection: {
    key: 'sel',
    write: (/** @type {Selection | null} */ s) => s && join([s.layer, s.id]),
    read: (/** @type {string} */ raw) => {
      const [layer, id] = list(raw);
      return layer && id ? { layer, id } : null;
    },
  },
  panel: {
    key: 'panel',
    always: true,
    ...word('inspect', 'path', 'events', 'scenarios', 'air', 'heat', 'water', 'linkage'),
  },
  waypoints: { key: 'w', ...waypoints },
  plan: { key: 'plan', ...word('path', 'reach', 'nearest') },
  profile: {
    key: 'by',
    write: (/** @type {string} */ name) => name,
    read: (/** @type {string} */ raw) => (/^[a-z_]{1,40}$/.test(raw) ? raw : undefined),
  },
  vehicle: { key: 'v', ...vehicle },
  hazmat: { key: 'haz', ...text },
  unknown: { key: 'un', ...word('allow', 'refuse') },
  when: { key: 'when', ...when },
  choice: {
    key: 'alt',
    write: (/** @type {number} */ rank) => String(rank),
    read: (/** @type {string} */ raw) => (/^[0-3]$/.test(raw) ? Number(raw) : undefined),
  },
  pin: { key: 'pin', ...pin },
  origin: { key: 'o', write: (/** @type {Waypoint | null} */ p) => p && point(p), read: readPoint },
  contours: { key: 'reach', ...contours },
  near: { key: 'near', ...near },
  event: { key: 'ev', ...text },
  scenario: { key: 'sc', ...text },
  former: { key: 'was', ...former },
  inputs: { key: 'in', ...filledIn },
  tiles: { key: 'tiles', write: join, read: list },
  level: { key: 'level', ...word('prefecture', 'county') },
  period: { key: 'period', ...text },
  kiosk: { key: 'kiosk', ...flag },
  air: { key: 'air', ...word('flight', 'inbox', 'restrict') },
  flight: { key: 'fly', ...filledIn },
  cells: { key: 'cells', ...flag },
  restriction: { key: 'tr', ...filledIn },
  answer: { key: 'ans', ...text },
  operation: { key: 'op', ...text },
  restricted: { key: 'rid', ...text },
  voyage: { key: 'sail', ...filledIn },
  lock: { key: 'lock', ...text },
  linkage: { key: 'link', ...filledIn },
  heat: { key: 'heat', ...filledIn },
  space: { key: 'dim', ...word('2d', '3d') },
  datum: { key: 'h', ...word('AGL', 'AMSL') },
  exaggeration: { key: 'x', ...times(100) },
  flights: { key: 'list', ...flag },
  follow: { key: 'fl', ...text },
  cut: { key: 'cut', ...cut },
  speed: { key: 'sp', ...times(10_000) },
});

/** Write a state as a hash; fields at their default are left out. */
export function encode(/** @type {UrlState} */ state) {
  const parts = [];
  for (const [name, field] of Object.entries(FIELDS)) {
    const value = state[/** @type {keyof UrlState} */ (name)];
    const written = field.write(value);
    const usual = field.write(DEFAULTS[/** @type {keyof UrlState} */ (name)]);
    if (written !== null && written !== '' && (field.always || written !== usual)) {
      parts.push(`${field.key}=${written}`);
    }
  }
  return parts.length ? `#${parts.join('&')}` : '';
}

/**
 * Read a hash; unknown keys and unreadable values are ignored.
 *
 * Addresses with a selection and no panel are those of when details stood first.
 * @returns {Partial<UrlState>}
 */
export function decode(/** @type {string} */ hash) {
  const pairs = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .filter(Boolean)
      .map((part) => /** @type {[string, string]} */ ([part.split('=')[0], part.slice(part.indexOf('=') + 1)])),
  );
  /** @type {Record<string, unknown>} */
  const state = {};
  for (const [name, field] of Object.entries(FIELDS)) {
    const raw = pairs.get(field.key);
    if (raw === undefined) continue;
    try {
      const value = field.read(raw);
      if (value !== undefined) state[name] = value;
    } catch (error) {
      if (!(error instanceof URIError || error instanceof SyntaxError || error instanceof TypeError)) throw error;
    }
  }
  if (state.selection && !pairs.has('panel')) state.panel = 'inspect';
  return state;
}
