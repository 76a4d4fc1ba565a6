// @ts-check
/** <sg-air>: the desk of low altitude: plan a flight, decide what waits, restrict flight. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { approvalStore } from '../../model/approvals.js';
import { airStore, openAir } from '../../model/flight.js';
import { noticeList } from './affected.js';
import './flight.js';
import './inbox.js';
import './restrict.js';

const TASKS = /** @type {const} */ (['flight', 'inbox', 'restrict']);

/** How many plans wait for an officer. */
export const bubble = () => (approvalStore.count.value
  ? html` <b class="bubble" data-testid="inbox-count">${approvalStore.count.value}</b>`
  : '');

class Air extends Part {
  render() {
    const now = airStore.task.value;
    return html`<section class="air" data-testid="air" aria-label=${t('side.air')}>
      <div class="segments thirds" role="radiogroup" aria-label=${t('side.air')}>
        ${TASKS.map((task) => html`<label class="segment"><input type="radio" name="air-task" value=${task}
          data-testid="air-${task}" .checked=${task === now}
          @change=${() => openAir(task)} /><span>${t(`air.${task}`)}${task === 'inbox'
            ? bubble() : ''}</span></label>`)}</div>
      ${noticeList()}
      ${now === 'flight' ? html`<sg-flight></sg-flight>` : ''}
      ${now === 'inbox' ? html`<sg-inbox></sg-inbox>` : ''}
      ${now === 'restrict' ? html`<sg-restrict></sg-restrict>` : ''}
    </section>`;
  }
}

define('sg-air', Air);
