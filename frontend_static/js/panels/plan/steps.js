// @ts-check
/** <sg-steps>: the instructions of a path; a click shows where. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { distance, duration, pick, t } from '../../core/i18n.js';
import { showPoint } from '../../map/camera.js';

/** @typedef {{ maneuver: string, text: any, ref: string | null, length_m: number, duration_s: number, point: [number, number] }} Step */

const STEP_ZOOM = 14;
/** Signs of the manoeuvres by the last word of their name. @type {Record<string, string>} */
const SIGNS = { left: '←', right: '→', straight: '↑', uturn: '↶', depart: '●', arrive: '◎', via: '◎', merge: '↗', ramp: '↗', exit: '↘', ferry: '≈', roundabout: '↻', enter: '↻' };
const SLANTED = /** @type {Record<string, string>} */ ({ slight_left: '↖', keep_left: '↖', ramp_left: '↖', exit_left: '↙', slight_right: '↗', keep_right: '↗', ramp_right: '↗', exit_right: '↘' });

const sign = (/** @type {string} */ maneuver) => SLANTED[maneuver] ?? SIGNS[maneuver.split('_').at(-1) ?? ''] ?? '↑';

class Steps extends Part {
  static properties = { steps: { attribute: false } };

  constructor() {
    super();
    /** @type {Step[]} */
    this.steps = [];
  }

  render() {
    if (!this.steps.length) return html``;
    return html`<details class="steps" data-testid="path-steps"><summary>${t('path.steps', { count: this.steps.length })}</summary>
      <ol>${this.steps.map((step) => html`<li><button class="step" data-testid="path-step" @click=${() => showPoint(step.point, STEP_ZOOM)}>
        <i aria-hidden="true">${sign(step.maneuver)}</i><span>${pick(step.text)}</span>
        <span class="muted num">${step.length_m > 0 ? html`${distance(step.length_m)}${step.duration_s >= 30 ? html`<br />${duration(step.duration_s)}` : ''}` : ''}</span></button></li>`)}</ol></details>`;
  }
}

define('sg-steps', Steps);
