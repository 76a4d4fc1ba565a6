// @ts-check
/** <sg-timebar>: the time of the map on a 24-hour scale, always with its zone. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { skew } from '../../core/clock.js';
import { clock, day, midnight, t } from '../../core/i18n.js';
import {
  SPEEDS, askFor, askForDay, askedInstant, followNow, mapInstant, pause, play, setSpeed, timeStore,
} from '../../model/time.js';
import { toast } from '../../model/toasts.js';
import { icon } from '../widgets.js';

const MINUTE_MS = 60_000;
const STEP_MIN = 5;
const DAY_MIN = 1440;
const HOURS = ['00', '03', '06', '09', '12', '15', '18', '21', '24'];
const DAY_PATTERN = '\\d{4}-\\d{2}-\\d{2}';

class TimeBar extends Part {
  connectedCallback() {
    super.connectedCallback();
    this.pulse = setInterval(() => timeStore.at.peek() === null && this.requestUpdate(), 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.pulse);
    pause();
  }

  render() {
    const at = askedInstant();
    const fixed = timeStore.at.value !== null;
    void skew.value;
    return html`<div class="timebar" role="group" aria-label=${t('time.label')}>
      ${this.player()}
      ${this.day(at)}
      ${this.slider(at)}
      <output class="clock num ${fixed ? 'fixed' : ''}" data-testid="time-clock" data-fixed=${fixed}
        title=${t('time.zone')}>
        <b>${clock(at, true)}</b><small>+08:00 · ${t(fixed ? 'time.fixed' : 'time.following')}</small></output>
      ${fixed
        ? html`<span class="map-time num" data-testid="map-time">${t('time.map', { time: clock(mapInstant()) })}${
          t('time.air', { time: clock(at) })}</span>`
        : ''}
      <button data-testid="time-now" aria-pressed=${!fixed} @click=${followNow}>${t('time.now')}</button>
    </div>`;
  }

  player() {
    const playing = timeStore.player.value !== null;
    const label = t(playing ? 'time.pause' : 'time.play');
    const speeds = SPEEDS.map((speed) => {
      const current = speed === timeStore.speed.value;
      return html`<option value=${speed} ?selected=${current}>×${speed}</option>`;
    });
    return html`<button class="plain" data-testid="time-play" aria-pressed=${playing} aria-label=${label} title=${label}
        @click=${togglePlay}>${icon(playing ? 'pause' : 'play')}</button>
      <select data-testid="time-speed" aria-label=${t('time.speed')} title=${t('time.speed')}
        @change=${(/** @type {any} */ e) => setSpeed(Number(e.target.value))}>${speeds}</select>`;
  }

  day(/** @type {number} */ at) {
    const step = (/** @type {'before' | 'after'} */ way, /** @type {number} */ days, /** @type {string} */ sign) =>
      html`<button class="plain" data-testid="time-day-${way}" aria-label=${t(`time.day_${way}`)}
        title=${t(`time.day_${way}`)} @click=${() => askFor(at + days * DAY_MIN * MINUTE_MS)}>${sign}</button>`;
    return html`<span class="day">${step('before', -1, '‹')}<input type="text" data-testid="time-day"
      pattern=${DAY_PATTERN} aria-label=${t('time.day')} .value=${day(at)}
      @change=${this.setDay} />${step('after', 1, '›')}</span>`;
  }

  slider(/** @type {number} */ at) {
    const start = midnight(at);
    const minutes = Math.floor((at - start) / MINUTE_MS);
    return html`<div class="slider"><input type="range" min="0" max=${DAY_MIN - 1} step=${STEP_MIN}
      data-testid="time-slider" aria-label=${t('time.slider')} aria-valuetext="${clock(at)} +08:00"
      .value=${String(minutes)} style="--at:${(minutes / DAY_MIN) * 100}%"
      @input=${(/** @type {any} */ e) => askFor(start + Number(e.target.value) * MINUTE_MS)} />
      <div class="ticks" aria-hidden="true">${HOURS.map((hour) => html`<span>${hour}</span>`)}</div></div>`;
  }

  setDay(/** @type {Event} */ event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const start = Date.parse(`${field.value}T00:00:00+08:00`);
    if (Number.isNaN(start)) field.value = day(askedInstant());
    else askForDay(start);
  }
}

/** Let time run, or stop it; where motion is reduced it does not run. */
export function togglePlay() {
  if (timeStore.player.peek() !== null) pause();
  else if (matchMedia('(prefers-reduced-motion: reduce)').matches) toast({ kind: 'info', text: t('time.reduced') });
  else play();
}

define('sg-timebar', TimeBar);
