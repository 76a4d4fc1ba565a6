// @ts-check
/** What a dispatcher's desk reckons: order, filters and places of events, and who is called next. Pure. */

/** @typedef {import('./types.js').EventFeature} EventFeature */
/** @typedef {import('./types.js').AlarmRule} AlarmRule */
/** @typedef {import('./types.js').Receipt} Receipt */

/** What is not graded counts as its kind does: a shut road before one that is slowed. */
const OF_KIND = /** @type {Record<string, number>} */ ({ closure: 3, lane_loss: 2, incident: 2 });
const OF_SEVERITY = /** @type {Record<string, number>} */ ({ high: 3, medium: 2, low: 1 });
const MINUTE_MS = 60_000;

/** How bad an event is: 3 worst, 1 least. */
export const gravity = (/** @type {EventFeature} */ { properties: p }) =>
  OF_SEVERITY[String(p.severity)] ?? OF_KIND[String(p.kind)] ?? 1;

/** The worst first; of equal ones the newest. @param {EventFeature[]} all @returns {EventFeature[]} */
export const bySeverity = (all) =>
  [...all].sort((a, b) => gravity(b) - gravity(a) || begun(b) - begun(a) || (a.id < b.id ? 1 : -1));

const begun = (/** @type {EventFeature} */ { properties: p }) => Date.parse(p.valid_from ?? p.recorded_at ?? '') || 0;

/** A stake (m) as it is written: K123+400. */
export const stake = (/** @type {number} */ metres) => {
  const whole = Math.round(metres);
  return `K${Math.floor(whole / 1000)}+${String(whole % 1000).padStart(3, '0')}`;
};

/** The metres of a stake as it is written, K123+400, 123.4 or 123; NaN where it is none. */
export function readStake(/** @type {string} */ text) {
  const [, km, more] = /^\s*K?\s*(\d{1,5})(?:\s*\+\s*(\d{1,3})|(\.\d{1,3}))?\s*$/i.exec(text) ?? [];
  if (km === undefined) return NaN;
  const point = /\.\d+/.exec(text)?.[0];
  return Math.round(1000 * (Number(km) + Number(point ?? 0)) + Number(more ?? 0));
}

/** A place or stretch of a route: G60 K123+400, G92 K100+000–K104+000; empty where none is named. */
export function stakes(/** @type {Record<string, any> | null | undefined} */ span) {
  if (!span?.route_id || span.k_from === null || span.k_from === undefined) return '';
  const last = span.k_to ?? span.k_from;
  const [low, high] = [Math.min(span.k_from, last), Math.max(span.k_from, last)];
  return `${span.route_id} ${stake(low)}${Math.round(high) > Math.round(low) ? `–${stake(high)}` : ''}`;
}

/**
 * Tell whether an event passes the desk's filters; empty ones let all pass.
 *
 * @param {EventFeature} event
 * @param {{ kind: string, road: string, words: string }} wanted
 * @param {string} said all that the card says
 */
export function passes({ properties: p }, wanted, said) {
  const words = wanted.words.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return (!wanted.kind || p.kind === wanted.kind) && (!wanted.road || roadOf(p) === wanted.road)
    && words.every((word) => said.toLowerCase().includes(word));
}

/** The number of the road that an event is on, empty where it is on none. */
export const roadOf = (/** @type {Record<string, any>} */ p) =>
  String(p.stake?.route_id ?? p.place?.road?.ref ?? '').split(';')[0];

const WINDS = /** @type {const} */ (['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw']);

/** The wind that one drives towards from a place to another. @param {number[]} from @param {number[]} to */
export function windOf([lon, lat], [to, north]) {
  const east = (to - lon) * Math.cos((lat * Math.PI) / 180);
  return WINDS[(Math.round(Math.atan2(east, north - lat) / (Math.PI / 4)) + 8) % 8];
}

const ZEROS = /(00)+$/;

/** The unit above: 330282 → 330200 → 330000, which has none above. */
export function above(/** @type {string} */ code) {
  const own = code.replace(ZEROS, '');
  return own.length <= 2 ? code : own.slice(0, -2).padEnd(6, '0');
}

/** Tell whether a whole unit lies in a desk's area. */
export const covers = (/** @type {string} */ scope, /** @type {string | null | undefined} */ code) =>
  Boolean(scope && code) && String(code).replace(ZEROS, '').startsWith(scope.replace(ZEROS, ''));

/**
 * Who is called because a desk has not signed, and when: `at` in ms.
 *
 * @param {EventFeature} event
 * @param {AlarmRule | null} rule
 * @returns {{ party: string, called: string, at: number }[]}
 */
export function calls({ properties: p }, rule) {
  const entered = Date.parse(p.recorded_at ?? p.valid_from ?? '');
  const waiting = (p.receipts ?? []).filter((one) => !one.acknowledged_at);
  return waiting.flatMap(({ party }) => (rule?.calls ?? []).flatMap(({ after_min: minutes, to }) => {
    const called = to === 'province' ? party.slice(0, 2).padEnd(6, '0') : above(party);
    return called === party ? [] : [{ party, called, at: entered + minutes * MINUTE_MS }];
  }));
}

/** The desks whose silence calls a desk by now. @returns {string[]} */
export const calledFor = (
  /** @type {EventFeature} */ event, /** @type {AlarmRule | null} */ rule, /** @type {string} */ scope,
  /** @type {number} */ now,
) => [...new Set(calls(event, rule).filter((one) => one.called === scope && one.at <= now).map((one) => one.party))];

/** What is closed already, and until when: the last end of those that are told; null where one has none. */
export function lastEnd(/** @type {{ valid_to: string | null }[]} */ all) {
  const ends = all.map((one) => one.valid_to);
  if (!ends.length || ends.some((end) => !end)) return null;
  return ends.reduce((a, b) => (Date.parse(String(a)) > Date.parse(String(b)) ? a : b));
}

/** What may be entered at a place: shown word, and the kind of event that it is. */
export const ENTRIES = /** @type {const} */ (['closure', 'lanes', 'speed', 'incident', 'works', 'weather']);

/** @typedef {typeof ENTRIES[number]} Entry */

/** Numbers of lanes in a text such as 1、2: each once, rising. */
export const lanesOf = (/** @type {string} */ text) =>
  [...new Set((text.match(/\d+/g) ?? []).map(Number).filter((lane) => lane >= 1 && lane <= 12))].sort((a, b) => a - b);

/**
 * The request that enters something: an event, or the report of an incident at the first stake.
 *
 * @param {{ target?: Record<string, unknown>, span?: import('./types.js').Span }} place
 * @param {Record<string, string>} given of the form; times as RFC 3339
 * @returns {{ path: 'events' | 'incidents', body: Record<string, any> }}
 */
export function requestOf({ target, span }, given) {
  const lanes = lanesOf(given.lanes ?? '');
  const side = given.side === 'up' || given.side === 'down' ? given.side : null;
  const title = given.title?.trim() ? { title: given.title.trim() } : {};
  if (given.entry === 'incident' && span) {
    const at = stake(readStake(given.k_from));
    const { cause, severity } = given;
    return { path: 'incidents', body: { route: span.route, side, stake: at, lanes, cause, severity, ...title } };
  }
  const kinds = { closure: 'closure', lanes: 'lane_loss', speed: 'speed', weather: 'weather_limit', works:
    lanes.length ? 'lane_loss' : 'closure' };
  const kind = kinds[/** @type {keyof typeof kinds} */ (given.entry)] ?? 'closure';
  const { route } = span ?? {};
  const [k_from, k_to] = [readStake(given.k_from ?? ''), readStake(given.k_to || given.k_from || '')];
  return { path: 'events', body: {
    kind,
    target: span ? { stake: { route, k_from, k_to, ...(side ? { side } : {}) } } : target,
    ...(span ? {} : { direction: given.direction || 'both' }),
    ...(kind === 'lane_loss' ? { lanes } : {}),
    ...(kind === 'speed' || kind === 'weather_limit' ? { value: Number(given.value) } : {}),
    cause: given.entry === 'works' ? 'works' : given.cause,
    ...(given.valid_from ? { valid_from: given.valid_from } : {}),
    valid_to: given.valid_to,
    ...title,
  } };
}
