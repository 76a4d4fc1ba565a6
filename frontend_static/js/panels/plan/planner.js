// @ts-check
/** <sg-planner>: what to find, for which vehicle and when; then the answer. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { recompute } from '../../model/path.js';
import { loadProfiles } from '../../model/profiles.js';
import { data, url } from '../../core/store.js';
import { busy, failure } from '../widgets.js';
import './nearest.js';
import './isochrone.js';
import './alternatives.js';
import './stops.js';
import './vehicle.js';
import './refusal.js';

const PLANS = /** @type {const} */ (['path', 'reach', 'nearest']);
const LIMIT_VIOLATED = 'limit-violated';

/** Tell whether a problem says that limits of the vehicle are in the way. */
export const refused = (/** @type {unknown} */ error) => String(/** @type {any} */ (error)?.type ?? '').endsWith(LIMIT_VIOLATED);

class Planner extends Part {
  connectedCallback() {
    super.connectedCallback();
    if (!data.profiles.peek().length) loadProfiles();
  }

  render() {
    const plan = url.plan.value;
    return html`<section class="planner" data-testid="planner" data-state=${data.path.value.state} data-plan=${plan}>
      <fieldset class="segments thirds"><legend class="sr">${t('plan.what')}</legend>${PLANS.map((name) => this.choice(name))}</fieldset>
      ${plan === 'path' ? html`<sg-stops></sg-stops>` : ''}
      <sg-vehicle></sg-vehicle>
      ${plan === 'path' ? this.paths() : ''}
      ${plan === 'reach' ? html`<sg-reach></sg-reach>` : ''}
      ${plan === 'nearest' ? html`<sg-nearest></sg-nearest>` : ''}
    </section>`;
  }

  choice(/** @type {typeof PLANS[number]} */ name) {
    return html`<label class="segment"><input type="radio" name="plan" value=${name} data-testid="plan-${name}"
      .checked=${url.plan.value === name} @change=${() => (url.plan.value = name)} /><span>${t(`plan.${name}`)}</span></label>`;
  }

  paths() {
    const state = data.path.value;
    return html`${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted pad0" data-testid="path-empty">${t('path.empty')}</p>` : ''}
        ${state.state === 'error' ? this.error(state.error) : ''}
      </div>
      ${'now' in state && state.now ? html`<sg-routes></sg-routes>` : ''}`;
  }

  error(/** @type {Error} */ error) {
    return refused(error) ? html`<sg-whynot .problem=${error}></sg-whynot>` : failure(error, recompute, 'path-retry');
  }
}

define('sg-planner', Planner);
