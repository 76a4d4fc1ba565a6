// @ts-check
/** <sg-air>: the desk of low altitude: plan a flight, decide what waits, restrict flight. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { airStore, openAir } from '../../model/flight.js';
import './flight.js';

const TASKS = /** @type {const} */ (['flight', 'inbox', 'restrict']);

class Air extends Part {
  render() {
    const now = airStore.task.value;
    return html`<section class="air" data-testid="air" aria-label=${t('side.air')}>
      <div class="segments thirds" role="radiogroup" aria-label=${t('side.air')}>
        ${TASKS.map((task) => html`<label class="segment"><input type="radio" name="air-task" value=${task}
          data-testid="air-${task}" .checked=${task === now}
          @change=${() => openAir(task)} /><span>${t(`air.${task}`)}</span></label>`)}</div>
      ${now === 'flight' ? html`<sg-flight></sg-flight>` : ''}
    </section>`;
  }
}

define('sg-air', Air);
