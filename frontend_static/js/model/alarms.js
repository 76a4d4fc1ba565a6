// @ts-check
/** Alarms: events that this desk has to acknowledge; they count, sound and stand out, until it has. */
import { computed, effect, signal } from '@preact/signals-core';
import { now } from '../core/clock.js';
import { t } from '../core/i18n.js';
import { alarms, callsMe, deskStore, placeOf, show, titleOf } from './events.js';
import { bySeverity } from '../core/desk.js';

/** How often an alarm sounds anew before the rule is known. */
const REPEAT_S = 15;
const CLOCK_MS = 5_000;
const TONES_HZ = [880, 660];
/** What sounds where this desk is called because another one does not sign. */
const CALLED_HZ = [880, 660, 880, 660, 1100];
const TONE_S = 0.2;
const LOUDEST = 0.4;
const KEY = 'alarm-muted';
const VOLUME = 'alarm-volume';
const USUAL_VOLUME = 0.4;

export const alarmStore = {
  /** Events that wait for this desk, the worst first. */
  waiting: computed(() => bySeverity(deskStore.events.value.filter(alarms))),
  /** How loud the tone is, 0 to 1; remembered by the browser. */
  volume: signal(storedVolume()),
  /** Whether the browser shows notices outside the page: granted, denied, default, or null where it has none. */
  notices: signal('Notification' in window ? Notification.permission : null),
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

function storedVolume() {
  const stored = localStorage.getItem(VOLUME);
  const found = stored === null ? NaN : Number(stored);
  return found >= 0 && found <= 1 ? found : USUAL_VOLUME;
}

/** Set how loud the tone is, and let it be heard. */
export function setVolume(/** @type {number} */ volume) {
  alarmStore.volume.value = volume;
  localStorage.setItem(VOLUME, String(volume));
  play(TONES_HZ);
}

/** Ask the browser for leave to show notices. */
export async function askForNotices() {
  alarmStore.notices.value = await Notification.requestPermission();
}

export function toggleMute() {
  alarmStore.muted.value = !alarmStore.muted.peek();
  localStorage.setItem(KEY, alarmStore.muted.peek() ? '1' : '0');
}

function sound() {
  const waiting = alarmStore.waiting.peek();
  if (waiting.length) play(waiting.some((event) => callsMe(event).length) ? CALLED_HZ : TONES_HZ);
}

function play(/** @type {number[]} */ tones) {
  const context = alarmStore.audio.peek();
  if (!context || alarmStore.muted.peek()) return;
  context.resume();
  tones.forEach((hertz, at) => {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const start = context.currentTime + at * TONE_S;
    tone.frequency.value = hertz;
    volume.gain.value = LOUDEST * alarmStore.volume.peek();
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

/** Notices of the browser that stand, by the id of their event. @type {Map<string, Notification>} */
const notices = new Map();

/** Have the browser show each alarm that waits while nobody looks at the page, and take back the others. */
function notify(/** @type {import('../core/types.js').EventFeature[]} */ waiting) {
  const ids = new Set(waiting.map((event) => event.id));
  for (const [id, notice] of notices) {
    if (ids.has(id)) continue;
    notice.close();
    notices.delete(id);
  }
  if (alarmStore.notices.peek() !== 'granted' || document.visibilityState === 'visible') return;
  for (const event of waiting.filter(({ id }) => !notices.has(id))) {
    const options = { body: placeOf(event), tag: event.id, requireInteraction: true };
    const notice = new Notification(`${t('alarm.notice')} ${titleOf(event)}`, options);
    notice.onclick = () => {
      window.focus();
      show(event.id);
    };
    notices.set(event.id, notice);
  }
}

/** Sound again after the time that the rule says. */
function repeat() {
  sound();
  setTimeout(repeat, (deskStore.alarm.peek()?.repeat_s ?? REPEAT_S) * 1000);
}

/** Sound when an alarm comes, and again while one waits. */
export function watchAlarms() {
  for (const gesture of GESTURES) addEventListener(gesture, wake);
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY) alarmStore.muted.value = newValue === '1'; // another tab was muted
    if (key === VOLUME) alarmStore.volume.value = storedVolume();
  });
  /** @type {Set<string>} */
  let known = new Set();
  effect(() => {
    const waiting = alarmStore.waiting.value;
    const ids = waiting.map((event) => `${event.id} ${callsMe(event).join(' ')}`);
    const fresh = ids.some((id) => !known.has(id));
    known = new Set(ids);
    if (fresh) sound();
    notify(waiting);
  });
  document.addEventListener('visibilitychange', () => notify(alarmStore.waiting.peek()));
  setInterval(() => (deskStore.clock.value = now()), CLOCK_MS);
  repeat();
}
