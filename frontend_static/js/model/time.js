// @ts-check
/** The time that tables and paths are asked for, by hand or played; and that of the map. */
import { signal } from '@preact/signals-core';
import { now, skew } from '../core/clock.js';
import { midnight, moment, rfc3339, t } from '../core/i18n.js';
import { url } from '../core/store.js';
import { liveStore } from './live.js';

const MINUTE_MS = 60_000;
const FRAME_MS = 500;
/** Minutes that a frame of the player is worth. */
export const SPEEDS = [5, 15, 60];

export const timeStore = {
  /** The instant that is asked for; null follows the clock. */
  at: url.time,
  /** The timer of the player while it runs. */
  player: signal(/** @type {ReturnType<typeof setInterval> | null} */ (null)),
  speed: signal(SPEEDS[1]),
};

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
  return url.time.value ? `${map}${t('time.queries', { time: moment(askedInstant()) })}` : map;
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
  timeStore.speed.value = speed;
}

/** Let time run on, a step a frame. */
export function play() {
  pause();
  const step = () => askFor(askedInstant() + timeStore.speed.peek() * MINUTE_MS);
  timeStore.player.value = setInterval(step, FRAME_MS);
}

export function pause() {
  clearInterval(timeStore.player.peek() ?? undefined);
  timeStore.player.value = null;
}
