// @ts-check
/** <sg-origin>: the place that reach and nearest facilities start from. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { planStore } from '../../model/plan.js';
import { setOrigin } from '../../model/reach.js';
import { icon } from '../widgets.js';
import { centre, nudged } from './stops.js';

/** @typedef {import('../../core/hash.js').Waypoint} Waypoint */

class Origin extends Part {
  render() {
    const point = planStore.origin.value;
    const start = planStore.waypoints.value.find(Boolean) ?? null;
    const name = t('plan.origin');
    const clear = t('path.clear_point', { name });
    return html`<div class="waypoints"><div class="waypoint" data-testid="origin" data-set=${point !== null}>
        ${this.pin(point)}
        <div class="waypoint-text"><span class="muted">${name}</span><b
          class=${point ? '' : 'unset'}>${point ? point.label : t('plan.not_set')}</b></div>
        <button class="plain" data-testid="origin-centre" title=${t('path.pick')}
          aria-label="${name}: ${t('path.pick')}" @click=${() => setOrigin(centre())}>${icon('target')}</button>
        ${point
          ? html`<button class="plain" data-testid="origin-clear" title=${clear} aria-label=${clear}
              @click=${() => setOrigin(null)}>${icon('close')}</button>`
          : ''}
      </div></div>
      ${!point && start
        ? html`<button data-testid="origin-start"
            @click=${() => setOrigin(start)}>${t('plan.use', { name: start.label })}</button>`
        : ''}`;
  }

  pin(/** @type {Waypoint | null} */ point) {
    if (!point) return html`<span class="pin origin" aria-hidden="true">◆</span>`;
    const key = (/** @type {KeyboardEvent} */ event) => {
      const moved = nudged(event, point);
      if (moved) setOrigin(moved);
    };
    return html`<button class="pin origin" data-testid="pin-origin" title=${t('path.nudge')}
      aria-label="${t('plan.origin')}: ${t('path.nudge')}" @keydown=${key}>◆</button>`;
  }
}

define('sg-origin', Origin);
