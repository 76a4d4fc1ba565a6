// @ts-check
/** <sg-origin>: the place that reach and nearest facilities start from. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { setOrigin } from '../../model/reach.js';
import { url } from '../../core/store.js';
import { icon } from '../widgets.js';
import { centre, nudged } from '../plan/stops.js';

class Origin extends Part {
  render() {
    const point = url.origin.value;
    const key = (/** @type {KeyboardEvent} */ event) => {
      const moved = point && nudged(event, point);
      if (moved) setOrigin(moved);
    };
    const start = url.waypoints.value.find(Boolean) ?? null;
    return html`<div class="waypoints"><div class="waypoint" data-testid="origin" data-set=${point !== null}>
        ${point ? html`<button class="pin origin" data-testid="pin-origin" title=${t('path.nudge')} aria-label="${t('plan.origin')}: ${t('path.nudge')}" @keydown=${key}>◆</button>` : html`<span class="pin origin" aria-hidden="true">◆</span>`}
        <div class="waypoint-text"><span class="muted">${t('plan.origin')}</span><b class=${point ? '' : 'unset'}>${point ? point.label : t('plan.not_set')}</b></div>
        <button class="plain" data-testid="origin-centre" title=${t('path.pick')} aria-label="${t('plan.origin')}: ${t('path.pick')}" @click=${() => setOrigin(centre())}>${icon('target')}</button>
        ${point ? html`<button class="plain" data-testid="origin-clear" title=${t('path.clear_point', { name: t('plan.origin') })} aria-label=${t('path.clear_point', { name: t('plan.origin') })} @click=${() => setOrigin(null)}>${icon('close')}</button>` : ''}
      </div></div>
      ${!point && start ? html`<button data-testid="origin-start" @click=${() => setOrigin(start)}>${t('plan.use', { name: start.label })}</button>` : ''}`;
  }
}

define('sg-origin', Origin);
