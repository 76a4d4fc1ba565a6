// @ts-check
/** Alarms: events that this desk has to acknowledge; they count, and sound, until it has. */
import { computed, effect, signal } from '@preact/signals-core';
import { alarms, deskStore } from './events.js';

const REPEAT_MS = 15_000;
const TONES_HZ = [880, 660];
const TONE_S = 0.2;
const LOUDNESS = 0.15;
const KEY = 'alarm-muted';

export const alarmStore = {
  /** Events that wait for this desk, newest first. */
  waiting: computed(() => deskStore.events.value.filter(alarms)),
  /** Whether the tone is off; remembered by the browser. */
  muted: signal(localStorage.getItem(KEY) === '1'),
  /** Browsers give sound only to a page that somebody has touched. */
  audio: signal(/** @type {AudioContext | null} */ (null)),
};

/** What an alarm can be heard by now: nothing where it is muted, or before the page was touched. */
export const sounding = computed(() => {
  if (alarmStore.muted.value) return 'off';
  return alarmStore.audio.value ? 'on' : 'untouched';
});

export function toggleMute() {
  alarmStore.muted.value = !alarmStore.muted.peek();
  localStorage.setItem(KEY, alarmStore.muted.peek() ? '1' : '0');
}

function sound() {
  const context = alarmStore.audio.peek();
  if (!context || alarmStore.muted.peek() || !alarmStore.waiting.peek().length) return;
  context.resume();
  TONES_HZ.forEach((hertz, at) => {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + at * TONE_S;
    tone.frequency.value = hertz;
    volume.gain.value = LOUDNESS;
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + TONE_S);
  });
}

const GESTURES = ['pointerdown', 'pointerup', 'keydown'];

/** Make sound possible, at a touch of the page. */
export function wake() {
  if (alarmStore.audio.peek() || !navigator.userActivation.hasBeenActive) return;
  for (const gesture of GESTURES) removeEventListener(gesture, wake);
  alarmStore.audio.value = new AudioContext();
  sound();
}

/** Sound when an alarm comes, and again while one waits. */
export function watchAlarms() {
  for (const gesture of GESTURES) addEventListener(gesture, wake);
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY) alarmStore.muted.value = newValue === '1'; // another tab was muted
  });
  /** @type {Set<string>} */
  let known = new Set();
  effect(() => {
    const ids = alarmStore.waiting.value.map((event) => event.id);
    const fresh = ids.some((id) => !known.has(id));
    known = new Set(ids);
    if (fresh) sound();
  });
  setInterval(sound, REPEAT_MS);
}
