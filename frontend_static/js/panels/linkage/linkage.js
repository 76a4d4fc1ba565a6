// @ts-check
/** <sg-linkage>: the desk of the four ports: itineraries, boards of hubs, chains of boxes, berths and gates, drills. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { askLinkage, chosenOne, linkageStore, setShipment, wrongField } from '../../model/linkage.js';
import { sessionStore } from '../../model/session.js';
import { busy, failure } from '../widgets.js';
import { ask } from './ask.js';
import { berths } from './berth.js';
import { cards, legs } from './cards.js';
import { course } from './course.js';
import { drill } from './drill.js';
import { gate } from './gate.js';
import { hubBoard } from './hub.js';
import { pareto } from './pareto.js';
import { unit } from './unit.js';
import { week } from './week.js';

const VIEWS = /** @type {const} */ (['ask', 'hub', 'box', 'berth', 'gate', 'drill']);

class Linkage extends Part {
  render() {
    const { view } = linkageStore.draft.value;
    const body = { ask: () => this.itineraries(), hub: hubBoard, box: unit, berth: berths, gate, drill }[view];
    return html`<section class="linkage" data-testid="linkage" aria-label=${t('link.desk')}>
      <div class="segments thirds" role="radiogroup" aria-label=${t('link.views')}>${VIEWS.map((name) =>
        html`<label class="segment"><input type="radio" name="link-view" data-testid="link-view-${name}"
          .checked=${view === name} @change=${() => setShipment({ view: name })} /><span>${
          t(`link.view.${name}`)}</span></label>`)}</div>
      ${sessionStore.account.value ? body() : html`<p class="muted" data-testid="link-closed">${t('link.sign_in')}</p>`}
    </section>`;
  }

  itineraries() {
    const { answer, error, working } = linkageStore;
    const one = chosenOne.value;
    return html`${ask()}${busy(working.value)}
      ${error.value && !wrongField.value ? failure(error.value, askLinkage, 'link-retry') : ''}
      ${answer.value ? html`${cards(answer.value)}${pareto(answer.value)}` : ''}
      ${one ? html`${legs(one)}${course(one)}` : ''}
      ${week()}`;
  }
}

define('sg-linkage', Linkage);
