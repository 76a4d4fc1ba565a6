// @ts-check
/** The time that tables and paths are asked for, by hand or played; and that of the map. */
import { signal } from '@preact/signals-core';
import { now, skew } from '../core/clock.js';
import { midnight, moment, rfc3339, t } from '../core/i18n.js';
import { url } from '../core/store.js';
import { liveStore } from './live.js';

const FRAME_MS = 500;
/** How many times faster than the clock the player may run. */
export const SPEEDS = [1, 10, 60, 600, 1800, 7200];

export const timeStore = {
  /** The instant that is asked for; null follows the clock. */
  at: url.time,
  /** The timer of the player while it runs. */
  player: signal(/** @type {ReturnType<typeof setInterval> | null} */ (null)),
  speed: url.speed,
};

/** From where the player runs: an instant, and when it was there by this page's own clock. */
const run = { from: 0, since: 0, asked: '' };

/** The instant that tables and paths are asked for. */
export const askedInstant = () => (url.time.value ? Date.parse(url.time.value) : now());

/** The instant of what the map shows: the present, less what its stream or tiles lag behind. */
export function mapInstant() {
  const { state, at } = liveStore.stream.value;
  if (state === 'stale' && at) return at + skew.value;
  return now() - liveStore.lag.value * 1000;
}

/** Say what the map shows and, where it differs, what queries are asked for. */
export function timeText() {
  const map = t('time.map', { time: moment(mapInstant()) });
  if (!url.time.value) return map;
  const time = moment(askedInstant());
  return `${map}${t('time.air', { time })}${t('time.queries', { time })}`;
}

/** Ask for an instant, in milliseconds. */
export function askFor(/** @type {number} */ at) {
  url.time.value = rfc3339(at);
}

/** Ask for the same time of another day, given as its midnight. */
export function askForDay(/** @type {number} */ start) {
  const at = askedInstant();
  askFor(start + (at - midnight(at)));
}

/** Follow the clock again. */
export function followNow() {
  pause();
  url.time.value = null;
}

export function setSpeed(/** @type {number} */ speed) {
  const at = playhead();
  url.speed.value = speed;
  if (timeStore.player.peek() !== null) runFrom(at);
}

/** Go to the next faster or slower speed. */
export function shiftSpeed(/** @type {1 | -1} */ by) {
  const at = SPEEDS.findIndex((speed) => speed >= url.speed.peek());
  setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))]);
}

function runFrom(/** @type {number} */ at) {
  askFor(at);
  Object.assign(run, { from: at, since: performance.now(), asked: url.time.peek() });
}

/** The instant of this frame: while time runs, between the steps that are asked for. */
export function playhead() {
  if (timeStore.player.peek() === null) return askedInstant();
  return run.from + (performance.now() - run.since) * url.speed.peek();
}

/** Let time run on; what is asked for follows in steps. */
export function play() {
  pause();
  runFrom(askedInstant());
  const step = () => {
    if (url.time.peek() !== run.asked) runFrom(askedInstant());
    askFor(playhead());
    run.asked = url.time.peek() ?? '';
  };
  timeStore.player.value = setInterval(step, FRAME_MS);
}

export function pause() {
  clearInterval(timeStore.player.peek() ?? undefined);
  timeStore.player.value = null;
}
