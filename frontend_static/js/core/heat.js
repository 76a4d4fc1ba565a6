// @ts-check
/** Enforcement heat as it is asked for: what is chosen, what the server takes, ranks, slices and shares. */

/** @typedef {[number, number]} Place longitude, latitude */

/**
 * What is chosen, as it is typed: nothing of it is lost before it is right.
 *
 * @typedef {object} Asked
 * @property {string} [surface]
 * @property {string} [events]
 * @property {string} [exposure]
 * @property {string} [cells] how the map is cut
 * @property {string} [kinds] kinds of events, `a,b`; blank: all
 * @property {string} [since] first day, 2026-11-22; blank: the first of all
 * @property {string} [until] day after the last; blank: the last of all
 * @property {string} [hours] hours of the week from Monday 00:00, `0-5,22`; blank: all
 * @property {string} [slice] number of the week or month of the period that is shown; blank: the whole
 * @property {string} [before] first day of the period that is compared with
 * @property {string} [before_until]
 * @property {string} [swipe] share of the map's width left of the handle; blank: no second map
 * @property {string} [area] ring that is counted, `lon,lat lon,lat`
 * @property {string} [cell] id of the cell that is open
 * @property {string} [sort] column that the list is sorted by
 * @property {string} [of] what is listed: cells or stretches
 * @property {string} [keep] 1: the surface stays on the map beside other panels
 * @property {string} [tool] what is asked below the list: scan or roads
 * @property {string} [ran] the tool whose result is on the map
 * @property {string} [replications] of the scan; blank: by rule
 * @property {string} [seed] of the scan; blank: by rule
 * @property {string} [kernel] of the density along roads
 * @property {string} [bandwidth] of the density along roads, metres; blank: by rule
 */

/** @type {Required<Asked>} */
export const NEW_HEAT = {
  surface: 'rate', events: 'hit', exposure: 'inspection', cells: 'zorder', kinds: '', since: '', until: '', hours: '',
  slice: '', before: '', before_until: '', swipe: '', area: '', cell: '', sort: 'value', of: 'cells', keep: '',
  tool: 'scan', ran: '', replications: '', seed: '', kernel: 'continuous', bandwidth: '',
};

/** Processes over the records that are chosen, each with its own result on the map. */
export const TOOLS = /** @type {const} */ (['scan', 'roads']);
export const KERNELS = /** @type {const} */ (['continuous', 'discontinuous']);

export const EVENTS = /** @type {const} */ (['hit', 'case']);
export const EXPOSURES = /** @type {const} */ (['inspection', 'passage', 'shift']);
/** Cells that surfaces have other than squares: neighbours and densities are not known of all. */
const ANY_SHAPE = ['h3', 'beidou', 'county'];
const CELLS_OF = /** @type {Record<string, string[]>} */ (
  { rate: ANY_SHAPE, difference: ANY_SHAPE, count: ANY_SHAPE, kde: ['h3', 'beidou'] });
/** Cells that a surface may be cut into. */
export const cellsOf = (/** @type {string} */ surface) => ['zorder', ...(CELLS_OF[surface] ?? [])];

export const WEEK_HOURS = 168;
export const DAY_HOURS = 24;
const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
/** Slices that an animation has at most. */
export const MOST_SLICES = 120;

/** What of a choice differs from the default. @returns {Asked} */
export function chosenHeat(/** @type {Asked} */ asked) {
  const names = /** @type {(keyof Asked)[]} */ (Object.keys(NEW_HEAT));
  const differing = names.filter((name) => asked[name] !== undefined && asked[name] !== NEW_HEAT[name]);
  return Object.fromEntries(differing.map((name) => [name, asked[name]]));
}

/** Hours of the week of `0-5,22`, rising; what cannot be read is left out. @returns {number[]} */
export function readHours(/** @type {string} */ text) {
  const found = new Set();
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map((one) => (/^\d{1,3}$/.test(one) ? Number(one) : NaN));
    for (let hour = first; hour <= Math.min(last, WEEK_HOURS - 1); hour++) found.add(hour);
  }
  return [...found].sort((a, b) => a - b);
}

/** Write hours as ranges; none and all are both blank. */
export function writeHours(/** @type {Iterable<number>} */ hours) {
  const sorted = [...new Set(hours)].sort((a, b) => a - b);
  if (sorted.length === WEEK_HOURS) return '';
  /** @type {[number, number][]} */
  const runs = [];
  for (const hour of sorted) {
    const last = runs.at(-1);
    if (last && last[1] === hour - 1) last[1] = hour;
    else runs.push([hour, hour]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

const read = (/** @type {string} */ day) => Date.parse(`${day}T00:00:00Z`);
const write = (/** @type {number} */ at) => new Date(at).toISOString().slice(0, 10);

/** Tell whether a text is a day that there is. */
export const isDay = (/** @type {string} */ text) =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(read(text)) && write(read(text)) === text;

/** The first day of a day's month, or of the month after it when the day is not a first one. */
function monthEdge(/** @type {string} */ day, /** @type {'down' | 'up'} */ way) {
  const [year, month, date] = day.split('-').map(Number);
  return write(Date.UTC(year, month - 1 + Number(way === 'up' && date > 1), 1));
}

/** Widen a period to whole months: hours of the week are counted by these. @param {[string, string]} period */
export const wholeMonths = ([since, until]) =>
  /** @type {[string, string]} */ ([monthEdge(since, 'down'), monthEdge(until, 'up')]);

const later = (/** @type {string} */ day, /** @type {number} */ days) => write(read(day) + days * DAY_MS);

function nextMonth(/** @type {string} */ first) {
  const [year, month] = first.split('-').map(Number);
  return write(Date.UTC(year, month, 1));
}

/**
 * Cut a period into weeks from Monday, or into months; the first and last week may be cut off.
 *
 * @param {[string, string]} period first day, and day after the last
 * @param {'week' | 'month'} by
 * @returns {[string, string][]} the newest of them where there are too many
 */
export function slicesOf([since, until], by) {
  /** @type {[string, string][]} */
  const found = [];
  let at = since;
  while (at < until) {
    const weekday = (new Date(read(at)).getUTCDay() + WEEK_DAYS - 1) % WEEK_DAYS;
    const next = by === 'week' ? later(at, WEEK_DAYS - weekday) : nextMonth(at);
    found.push([at, next < until ? next : until]);
    at = next;
  }
  return found.slice(-MOST_SLICES);
}

/** The period of equal length right before another. @param {[string, string]} period */
export const periodBefore = ([since, until]) =>
  /** @type {[string, string]} */ ([write(2 * read(since) - read(until)), since]);

/** The two halves of a period, the later first. @param {[string, string]} period */
export const halvesOf = (period) => /** @type {[[string, string], [string, string]]} */ (
  [[middleOf(period), period[1]], [period[0], middleOf(period)]]);

/** The day in the middle of a period. @param {[string, string]} period */
export const middleOf = ([since, until]) =>
  write(read(since) + Math.ceil((read(until) - read(since)) / 2 / DAY_MS) * DAY_MS);

/** The period of two choices within the days that there are; null where it ends before it begins. */
export function periodOf(
  /** @type {string} */ since,
  /** @type {string} */ until,
  /** @type {[string, string]} */ all,
) {
  const found = /** @type {[string, string]} */ ([isDay(since) ? since : all[0], isDay(until) ? until : all[1]]);
  return found[0] < found[1] ? found : null;
}

/**
 * Parameters of the server for a choice and a period.
 *
 * @param {Required<Asked>} asked @param {[string, string] | null} period null: as far as records go
 * @param {[string, string] | null} [other] the earlier period of a difference
 * @returns {Record<string, string>}
 */
export function questionOf(asked, period, other = null) {
  const { surface, events, exposure, kinds, hours } = asked;
  const cells = asked.cells !== NEW_HEAT.cells && cellsOf(surface).includes(asked.cells) ? asked.cells : '';
  const whole = (/** @type {[string, string] | null} */ one) => (one && hours ? wholeMonths(one) : one) ?? ['', ''];
  const [[since, until], [before, before_until]] = [whole(period), whole(other)];
  const of = events === 'case' ? kinds : '';
  const all = { surface, events, exposure, cells, kinds: of, since, until, hours, before, before_until };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** The same as inputs of the process. @returns {Record<string, unknown>} */
export function inputsOf(/** @type {Record<string, string>} */ question) {
  const { kinds, hours, ...rest } = question;
  return { ...rest, ...(kinds ? { kinds: kinds.split(',') } : {}), ...(hours ? { hours: readHours(hours) } : {}) };
}

/** A number as it is typed; what is none goes to the server as it is, which says why it is refused. */
const typed = (/** @type {string} */ text) => (Number.isFinite(Number(text)) ? Number(text) : text);

/**
 * Inputs of a tool: the records that are chosen, within the area where one is drawn, and its own numbers.
 *
 * @param {Required<Asked>} asked @param {Record<string, string>} question
 * @returns {Record<string, unknown>}
 */
export function toolInputs(asked, question) {
  const ring = readRing(asked.area);
  const { exposure, ...records } = inputsOf(question);
  const own = asked.tool === 'roads'
    ? { kernel: asked.kernel, bandwidth_m: asked.bandwidth }
    : { exposure, replications: asked.replications, seed: asked.seed };
  const given = Object.entries(own).filter(([, value]) => value !== '');
  const numbers = given.map(([name, value]) =>
    [name, ['kernel', 'exposure'].includes(name) ? value : typed(String(value))]);
  return { ...records, ...Object.fromEntries(numbers), ...(ring ? { area: [...ring, ring[0]] } : {}) };
}

/** Classes of a density, each from half the bound of the one above it; the highest is 0. */
export const DENSITY_CLASSES = 5;

/** Least densities of the classes but the lowest, of the highest that there is. */
export const densityBounds = (/** @type {number} */ most) =>
  Array.from({ length: DENSITY_CLASSES - 1 }, (_, at) => most / 2 ** (at + 1));

/** The class of a density. */
export function densityClass(/** @type {number} */ value, /** @type {number[]} */ bounds) {
  const found = bounds.findIndex((bound) => value >= bound);
  return found < 0 ? bounds.length : found;
}

/** How often chance made a cluster as strong as one, of its p by throws. */
export const throwsAsStrong = (/** @type {number} */ p, /** @type {number} */ replications) =>
  Math.max(0, Math.round(p * (replications + 1)) - 1);

/**
 * Rank rows by a column, the highest first; equals share a rank, rows without a value have none.
 *
 * @template T
 * @param {T[]} rows @param {(row: T) => number | null | undefined} of @returns {Map<T, number>}
 */
export function ranksOf(rows, of) {
  const known = rows.filter((row) => of(row) != null);
  const sorted = known.sort((a, b) => Number(of(b)) - Number(of(a)));
  /** @type {Map<T, number>} */
  const ranks = new Map();
  sorted.forEach((row, at) => {
    const before = sorted[at - 1];
    ranks.set(row, before && of(before) === of(row) ? Number(ranks.get(before)) : at + 1);
  });
  return ranks;
}

/** Standard normal quantile of a two-sided level (Abramowitz and Stegun 26.2.23, error below 4.5e-4). */
export function twoSided(/** @type {number} */ level) {
  const t = Math.sqrt(-2 * Math.log((1 - level) / 2));
  const above = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  return t - above / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
}

/**
 * Share of events with its interval (Wilson 1927); null where nothing was looked at, or records are missing.
 *
 * @returns {{ rate: number, lower: number, upper: number } | null}
 */
export function wilson(/** @type {number} */ events, /** @type {number} */ exposure, /** @type {number} */ level) {
  if (exposure <= 0 || events > exposure) return null;
  const [rate, z2] = [events / exposure, twoSided(level) ** 2];
  const middle = (rate + z2 / (2 * exposure)) / (1 + z2 / exposure);
  const half = Math.sqrt(z2 * (rate * (1 - rate) / exposure + z2 / (4 * exposure ** 2))) / (1 + z2 / exposure);
  return { rate, lower: Math.max(0, middle - half), upper: Math.min(1, middle + half) };
}

/** Tell whether any two boxes of a grid share a corner: without neighbours no cell has a z. */
export function touching(/** @type {number[][]} */ boxes) {
  const seen = new Set();
  return boxes.some(([west, south, east, north]) => {
    const corners = [west, east].flatMap((x) => [south, north].map((y) => `${x.toFixed(6)},${y.toFixed(6)}`));
    const found = corners.some((corner) => seen.has(corner));
    corners.forEach((corner) => seen.add(corner));
    return found;
  });
}

/** A ring of `lon,lat lon,lat`; null where it is none. @returns {Place[] | null} */
export function readRing(/** @type {string} */ text) {
  const ring = text.trim().split(/\s+/).map((part) => part.split(',').map(Number));
  const whole = ring.length > 2 && ring.every((at) => at.length === 2 && at.every(Number.isFinite));
  return whole ? /** @type {Place[]} */ (ring) : null;
}

const DIGITS = 5;
export const writeRing = (/** @type {Place[]} */ ring) =>
  ring.map((at) => at.map((one) => Number(one.toFixed(DIGITS))).join(',')).join(' ');

/** Tell whether a place lies in a ring (even-odd, in degrees). */
export function inside(/** @type {Place[]} */ ring, /** @type {Place} */ [x, y]) {
  let within = false;
  ring.forEach(([x1, y1], at) => {
    const [x2, y2] = ring[(at + 1) % ring.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) within = !within;
  });
  return within;
}
