// @ts-check
/** Alarms on the page: the bell with its count in the top bar, and the card that stays. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { icon } from '../widgets.js';
import { alarmStore, sounding, toggleMute, wake } from '../../model/alarms.js';
import { acknowledge, show, titleOf } from '../../model/events.js';
import { mayDecide } from '../../model/session.js';

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

/** The newest alarm; it leaves when it is acknowledged. */
export function alarmCard() {
  const [event] = alarmStore.waiting.value;
  if (!event) return '';
  return html`<div class="toast bad alarm" role="alert" data-testid="alarm" data-id=${event.id}>
    <span><b>${t('alarm.count', { count: alarmStore.waiting.value.length })}</b><br />${titleOf(event)}
      ${silent()}</span>
    <button data-testid="alarm-acknowledge" @click=${() => acknowledge(event.id)}>${t('events.acknowledge')}</button>
    <button data-testid="alarm-show" @click=${() => show(event.id)}>${t('events.show')}</button>
  </div>`;
}
