// @ts-check
/** Alarms on the page: the bell with its count in the top bar, and the card that stays. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { icon } from '../widgets.js';
import { alarmStore, askForNotices, setVolume, sounding, toggleMute, wake } from '../../model/alarms.js';
import { acknowledge, awaits, callsMe, placeOf, show, titleOf } from '../../model/events.js';
import { mayDecide } from '../../model/session.js';
import { partyName } from './event_card.js';

const TITLES = /** @type {const} */ ({ on: 'alarm.mute', off: 'alarm.muted', untouched: 'alarm.untouched' });

/** Whether the press of the button that is under way has made sound possible: then it mutes nothing. */
const press = { woke: false };

function begin() {
  press.woke = !alarmStore.audio.peek();
}

function end() {
  if (press.woke || !alarmStore.audio.peek()) wake();
  else toggleMute();
  press.woke = false;
}

function muteButton() {
  const state = sounding.value;
  const title = t(TITLES[state]);
  const label = state === 'untouched' ? title : t('alarm.mute');
  return html`<button class="plain" data-testid="alarm-mute" data-sound=${state} aria-pressed=${state === 'off'}
    aria-label=${label} title=${title} @pointerdown=${begin} @keydown=${begin} @click=${end}
    >${icon(state === 'on' ? 'sound' : 'mute')}</button>`;
}

/** The count of the top bar, for accounts that acknowledge. */
export function alarmBell() {
  if (!mayDecide()) return '';
  const [first] = alarmStore.waiting.value;
  const count = alarmStore.waiting.value.length;
  const label = t('alarm.count', { count });
  return html`<span class="alarm-bell">${first
      ? html`<button class="ringing" data-testid="alarm-count" data-count=${count} aria-label=${label} title=${label}
          @click=${() => show(first.id)}>${icon('bell')}<b>${count}</b></button>`
      : ''}${muteButton()}</span>`;
}

/** Say at the alarm that nothing is heard of it. */
function silent() {
  const state = sounding.value;
  if (state === 'on') return '';
  return html`<br /><em data-testid="alarm-silent">${t(state === 'off' ? 'alarm.off' : 'alarm.untouched')}</em>`;
}

/** How loud alarms are, and whether the browser may show them outside the page. */
export function alarmSettings() {
  const set = (/** @type {any} */ event) => {
    wake();
    setVolume(Number(event.target.value) / 100);
  };
  return html`<div class="alarm-settings">
    <label>${t('alarm.volume')}<input type="range" min="0" max="100" step="5" data-testid="alarm-volume"
      .value=${String(Math.round(alarmStore.volume.value * 100))} @change=${set} /></label>
    ${alarmStore.notices.value === 'default'
      ? html`<button class="small" data-testid="alarm-notices" @click=${askForNotices}>${t('alarm.allow')}</button>`
      : ''}
    ${alarmStore.notices.value === 'denied' ? html`<span class="muted">${t('alarm.denied')}</span>` : ''}
  </div>`;
}

/** The worst alarm; it leaves when it is acknowledged. */
export function alarmCard() {
  const [event] = alarmStore.waiting.value;
  if (!event) return '';
  const [called] = awaits(event) ? [undefined] : callsMe(event);
  const name = called && partyName(event, called);
  return html`<div class="toast bad alarm" role="alert" data-testid="alarm" data-id=${event.id}>
    <span><b>${t('alarm.count', { count: alarmStore.waiting.value.length })}</b><br />${titleOf(event)}
      <br /><span data-testid="alarm-place">${placeOf(event)}</span>
      ${name ? html`<br /><b data-testid="alarm-called">${t('alarm.called', { party: name })}</b>` : ''}
      ${silent()}</span>
    <button data-testid="alarm-acknowledge" @click=${() => acknowledge(event.id, called)}>${name
      ? t('events.acknowledge_for', { party: name })
      : t('events.acknowledge')}</button>
    <button data-testid="alarm-show" @click=${() => show(event.id)}>${t('events.show')}</button>
  </div>`;
}
