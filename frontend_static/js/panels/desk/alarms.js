// @ts-check
/** Alarms on the page: the bell with its count in the top bar, and the card that stays. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { muted, toggleMute, waiting } from '../../model/alarms.js';
import { acknowledge, mayDecide, show, titleOf } from '../../model/events.js';
import { icon } from '../widgets.js';

const muteButton = () => html`<button class="plain" data-testid="alarm-mute" aria-pressed=${muted.value}
  aria-label=${t('alarm.mute')} title=${t(muted.value ? 'alarm.muted' : 'alarm.mute')} @click=${toggleMute}>${icon(muted.value ? 'mute' : 'sound')}</button>`;

/** The count of the top bar, for accounts that acknowledge. */
export function alarmBell() {
  if (!mayDecide()) return '';
  const count = waiting.value.length;
  const label = t('alarm.count', { count });
  return html`<span class="alarm-bell">${count
      ? html`<button class="ringing" data-testid="alarm-count" data-count=${count} aria-label=${label} title=${label} @click=${() => show(waiting.value[0].id)}>${icon('bell')}<b>${count}</b></button>`
      : ''}${muteButton()}</span>`;
}

/** The newest alarm; it leaves when it is acknowledged. */
export function alarmCard() {
  const [event] = waiting.value;
  if (!event) return '';
  return html`<div class="toast bad alarm" role="alert" data-testid="alarm" data-id=${event.id}>
    <span><b>${t('alarm.count', { count: waiting.value.length })}</b><br />${titleOf(event)}</span>
    <button data-testid="alarm-acknowledge" @click=${() => acknowledge(event.id)}>${t('events.acknowledge')}</button>
    <button data-testid="alarm-show" @click=${() => show(event.id)}>${t('events.show')}</button>
  </div>`;
}
