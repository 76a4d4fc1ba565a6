// @ts-check
/** Alarms on the page: the bell with its count in the top bar, and the card that stays. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { icon } from '../widgets.js';
import { alarmStore, toggleMute } from '../../model/alarms.js';
import { acknowledge, show, titleOf } from '../../model/events.js';
import { mayDecide } from '../../model/session.js';

function muteButton() {
  const muted = alarmStore.muted.value;
  return html`<button class="plain" data-testid="alarm-mute" aria-pressed=${muted} aria-label=${t('alarm.mute')}
    title=${t(muted ? 'alarm.muted' : 'alarm.mute')} @click=${toggleMute}>${icon(muted ? 'mute' : 'sound')}</button>`;
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

/** The newest alarm; it leaves when it is acknowledged. */
export function alarmCard() {
  const [event] = alarmStore.waiting.value;
  if (!event) return '';
  return html`<div class="toast bad alarm" role="alert" data-testid="alarm" data-id=${event.id}>
    <span><b>${t('alarm.count', { count: alarmStore.waiting.value.length })}</b><br />${titleOf(event)}</span>
    <button data-testid="alarm-acknowledge" @click=${() => acknowledge(event.id)}>${t('events.acknowledge')}</button>
    <button data-testid="alarm-show" @click=${() => show(event.id)}>${t('events.show')}</button>
  </div>`;
}
