// @ts-check
/** <sg-timebar>: the time of the map on a 24-hour scale, always with its zone. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { clock, day, midnight, moment, now, rfc3339, t } from '../../core/i18n.js';
import { data, toast, url } from '../../core/store.js';
import { icon } from '../widgets.js';

const MINUTE_MS = 60_000;
const STEP_MIN = 5;
const DAY_MIN = 1440;
const FRAME_MS = 500;
const SPEEDS = [5, 15, 60];

/** The instant that tables and paths are asked for. */
export const askedInstant = () => (url.time.value ? Date.parse(url.time.value) : now());

/** The instant of what the map shows: the present, less what its stream or tiles lag behind. */
export function mapInstant() {
  const { state, at } = data.live.value;
  if (state === 'stale' && at) return at + data.skew.value;
  return now() - data.lag.value * 1000;
}

/** Say what the map shows and, where it differs, what queries are asked for. */
export function timeText() {
  const map = t('time.map', { time: moment(mapInstant()) });
  return url.time.value ? `${map}${t('time.queries', { time: moment(askedInstant()) })}` : map;
}

/** Follow the clock again. */
export const followNow = () => (url.time.value = null);

class TimeBar extends Part {
  static properties = { playing: { state: true }, speed: { state: true }, beat: { state: true } };

  constructor() {
    super();
    this.playing = false;
    this.speed = SPEEDS[1];
    this.beat = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.pulse = setInterval(() => url.time.peek() === null && this.beat++, 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.pulse);
    clearInterval(this.player);
  }

  render() {
    const at = askedInstant();
    const start = midnight(at);
    const minutes = Math.floor((at - start) / MINUTE_MS);
    const fixed = url.time.value !== null;
    void data.skew.value;
    return html`<div class="timebar" role="group" aria-label=${t('time.label')}>
      <button class="plain" data-testid="time-play" aria-pressed=${this.playing} aria-label=${t(this.playing ? 'time.pause' : 'time.play')} title=${t(this.playing ? 'time.pause' : 'time.play')} @click=${this.toggle}>${icon(this.playing ? 'pause' : 'play')}</button>
      <select data-testid="time-speed" aria-label=${t('time.speed')} @change=${(/** @type {any} */ e) => this.setSpeed(Number(e.target.value))}>
        ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === this.speed}>×${speed} min</option>`)}
      </select>
      <span class="day"><button class="plain" data-testid="time-day-before" aria-label=${t('time.day_before')} title=${t('time.day_before')} @click=${() => this.set(at - DAY_MIN * MINUTE_MS)}>‹</button
        ><input type="text" data-testid="time-day" pattern="\\d{4}-\\d{2}-\\d{2}" aria-label=${t('time.day')} .value=${day(at)} @change=${this.setDay} /><button
          class="plain" data-testid="time-day-after" aria-label=${t('time.day_after')} title=${t('time.day_after')} @click=${() => this.set(at + DAY_MIN * MINUTE_MS)}>›</button></span>
      <div class="slider"><input type="range" min="0" max=${DAY_MIN - 1} step=${STEP_MIN} data-testid="time-slider" aria-label=${t('time.slider')} aria-valuetext="${clock(at)} +08:00"
        .value=${String(minutes)} style="--at:${(minutes / DAY_MIN) * 100}%" @input=${(/** @type {any} */ e) => this.set(start + Number(e.target.value) * MINUTE_MS)} />
        <div class="ticks" aria-hidden="true">${[0, 3, 6, 9, 12, 15, 18, 21, 24].map((hour) => html`<span>${String(hour).padStart(2, '0')}</span>`)}</div></div>
      <output class="clock num ${fixed ? 'fixed' : ''}" data-testid="time-clock" data-fixed=${fixed} title=${t('time.zone')}>
        <b>${clock(at, true)}</b><small>+08:00 · ${t(fixed ? 'time.fixed' : 'time.following')}</small></output>
      ${fixed ? html`<span class="map-time num" data-testid="map-time">${t('time.map', { time: clock(mapInstant()) })}</span>` : ''}
      <button data-testid="time-now" aria-pressed=${!fixed} @click=${() => this.stopAt(null)}>${t('time.now')}</button>
    </div>`;
  }

  set(/** @type {number} */ at) {
    url.time.value = rfc3339(at);
  }

  setDay(/** @type {Event} */ event) {
    const picked = /** @type {HTMLInputElement} */ (event.target).value;
    const start = Date.parse(`${picked}T00:00:00+08:00`);
    const at = askedInstant();
    if (Number.isNaN(start)) /** @type {HTMLInputElement} */ (event.target).value = day(at);
    else this.set(start + (at - midnight(at)));
  }

  stopAt(/** @type {string | null} */ time) {
    clearInterval(this.player);
    this.playing = false;
    url.time.value = time;
  }

  setSpeed(/** @type {number} */ speed) {
    this.speed = speed;
  }

  toggle() {
    if (this.playing) return this.stopAt(url.time.value);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      toast({ kind: 'info', text: t('time.reduced') });
      return;
    }
    this.playing = true;
    this.player = setInterval(() => this.set(askedInstant() + this.speed * MINUTE_MS), FRAME_MS);
  }
}

define('sg-timebar', TimeBar);
