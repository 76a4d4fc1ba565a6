// @ts-check
/** <sg-planner>: what to find, for which vehicle and when; then the answer. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { recompute } from '../../model/path.js';
import { planStore, setPlan } from '../../model/plan.js';
import { loadProfiles } from '../../model/profiles.js';
import { refusal } from '../../model/refusal.js';
import { busy, failure } from '../widgets.js';
import './nearest.js';
import './isochrone.js';
import './alternatives.js';
import './stops.js';
import './vehicle.js';
import './refusal.js';

const PLANS = /** @type {const} */ (['path', 'reach', 'nearest']);

class Planner extends Part {
  connectedCallback() {
    super.connectedCallback();
    if (!planStore.profiles.peek().length) loadProfiles();
  }

  render() {
    const plan = planStore.kind.value;
    const state = planStore.path.value.state;
    return html`<section class="planner" data-testid="planner" data-state=${state} data-plan=${plan}>
      <fieldset class="segments thirds"><legend class="sr">${t('plan.what')}</legend>
        ${PLANS.map((name) => this.choice(name))}</fieldset>
      ${plan === 'path' ? html`<sg-stops></sg-stops>` : ''}
      <sg-vehicle></sg-vehicle>
      ${plan === 'path' ? this.paths() : ''}
      ${plan === 'reach' ? html`<sg-reach></sg-reach>` : ''}
      ${plan === 'nearest' ? html`<sg-nearest></sg-nearest>` : ''}
    </section>`;
  }

  choice(/** @type {typeof PLANS[number]} */ name) {
    return html`<label class="segment"><input type="radio" name="plan" value=${name} data-testid="plan-${name}"
      .checked=${planStore.kind.value === name} @change=${() => setPlan(name)} /><span
      >${t(`plan.${name}`)}</span></label>`;
  }

  paths() {
    const state = planStore.path.value;
    return html`${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted pad0" data-testid="path-empty">${t('path.empty')}</p>` : ''}
        ${state.state === 'error' ? this.error(state.error) : ''}
      </div>
      ${'now' in state && state.now ? html`<sg-routes></sg-routes>` : ''}`;
  }

  error(/** @type {Error} */ error) {
    return refusal() ? html`<sg-whynot></sg-whynot>` : failure(error, recompute, 'path-retry');
  }
}

define('sg-planner', Planner);
