// @ts-check
/** Texts, numbers and times in the reader's language; all times in Asia/Shanghai. */
import { now } from './clock.js';
import { url } from './store.js';
import en from './i18n/en.js';
import zh from './i18n/zh.js';

/** @typedef {keyof typeof zh} Key */

const TEXTS = { zh, en };
const ZONE = 'Asia/Shanghai';
const OFFSET = '+08:00';
const DAY_MS = 86_400_000;

/** Give the text of a key, with {placeholders} filled in. */
export function t(/** @type {Key} */ key, /** @type {Record<string, string | number>} */ values = {}) {
  const text = TEXTS[url.lang.value][key];
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Give the text of a key made at run time, or `fallback` when there is none. */
export function maybe(/** @type {string} */ key, /** @type {string} */ fallback) {
  return key in zh ? t(/** @type {Key} */ (key)) : fallback;
}

/** Choose the reader's language of a text that the server gives in both. @param {any} text */
export function pick(text) {
  if (text === null || text === undefined) return '';
  if (typeof text !== 'object') return String(text);
  const lang = url.lang.value;
  return String(text[lang] ?? text[lang === 'zh' ? 'en' : 'zh'] ?? '');
}

/** Name a thing without a name: its layer and the end of its id. */
export const anonymous = (/** @type {any} */ title, /** @type {unknown} */ id) =>
  `${pick(title)} …${String(id).slice(-6)}`;

/** Name a feature by its own name columns, else by `fallback`. @param {Record<string, any>} properties */
export function nameOf(properties, fallback = '') {
  const own = pick({ zh: properties.name_zh || null, en: properties.name_en || null });
  return own || pick(properties.name) || pick(properties.title) || properties.ref || fallback;
}

const locale = () => (url.lang.value === 'zh' ? 'zh-CN' : 'en-GB');

/** @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();

export function number(/** @type {number} */ value, digits = 0) {
  const key = `${locale()} ${digits}`;
  const format = numberFormats.get(key) ?? new Intl.NumberFormat(locale(), { maximumFractionDigits: digits });
  numberFormats.set(key, format);
  return format.format(value);
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** From when on until when +08:00 is no more than an addition: before, there was summer time. */
const [PLAIN_FROM, PLAIN_UNTIL] = [Date.UTC(1992, 0, 1), Date.UTC(9999, 0, 1)];
const AHEAD_MS = 8 * 3_600_000;

function parts(/** @type {number} */ at) {
  if (at >= PLAIN_FROM && at < PLAIN_UNTIL) {
    const [year, month, day, hour, minute, second] = new Date(at + AHEAD_MS).toISOString().split(/[-T:.]/);
    return { year, month, day, hour, minute, second };
  }
  let format = formats.get('parts');
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: ZONE,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set('parts', format);
  }
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

const instant = (/** @type {string | number | Date} */ at) => new Date(at).getTime();

/** 18:05 or, with seconds, 18:05:09. */
export function clock(/** @type {string | number | Date} */ at, seconds = false) {
  const p = parts(instant(at));
  return seconds ? `${p.hour}:${p.minute}:${p.second}` : `${p.hour}:${p.minute}`;
}

/** 01:05 of 3900 seconds. */
export function hoursMinutes(/** @type {number} */ seconds) {
  const minutes = Math.floor(seconds / 60);
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** 2026-11-22. */
export function day(/** @type {string | number | Date} */ at) {
  const p = parts(instant(at));
  return `${p.year}-${p.month}-${p.day}`;
}

/** 2026-11-22 18:05 +08:00; today's date is left out on request. */
export function moment(/** @type {string | number | Date} */ at, brief = false) {
  const date = day(at);
  const time = clock(at);
  if (brief) return date === day(now()) ? time : `${date.slice(5)} ${time}`;
  return `${date} ${time} ${OFFSET}`;
}

/** RFC 3339 in +08:00. */
export function rfc3339(/** @type {string | number | Date} */ at) {
  return `${day(at)}T${clock(at, true)}${OFFSET}`;
}

/** What a text field for a time accepts; never in the browser's own order or 12-hour clock. */
export const INPUT_PATTERN = '\\d{4}-\\d{2}-\\d{2} ([01]\\d|2[0-3]):[0-5]\\d';

/** Value for a text field of a time, as 2026-11-22 18:05, and back. */
export const toInput = (/** @type {string | number | Date} */ at) => `${day(at)} ${clock(at)}`;
export const fromInput = (/** @type {string} */ value) => `${value.trim().replace(' ', 'T')}:00${OFFSET}`;

/** Milliseconds of 00:00 of the day of `at` in Asia/Shanghai. */
export function midnight(/** @type {string | number | Date} */ at) {
  return Date.parse(`${day(at)}T00:00:00${OFFSET}`);
}

/** The ISO week of a day, as 2026-W53: the week belongs to the year of its Thursday. */
export function isoWeek(/** @type {string} */ date) {
  const at = Date.parse(`${date}T00:00:00Z`);
  const weekday = (new Date(at).getUTCDay() + 6) % 7;
  const thursday = new Date(at + (3 - weekday) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS));
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** 86 min, or 2 h 5 min. */
export function duration(/** @type {number} */ seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} ${t('unit.min')}`;
  return t('unit.h_min', { h: Math.floor(minutes / 60), min: minutes % 60 });
}

/** 320 m below a kilometre, else 12.3 km. */
export function distance(/** @type {number} */ metres) {
  if (metres < 1000) return `${number(metres)} m`;
  return `${number(metres / 1000, metres < 100_000 ? 2 : 1)} km`;
}

/** Square metres as m² or km². */
export function surface(/** @type {number} */ squareMetres) {
  if (squareMetres < 100_000) return `${number(squareMetres)} m²`;
  return `${number(squareMetres / 1e6, 3)} km²`;
}
