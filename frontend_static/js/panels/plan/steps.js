// @ts-check
/** <sg-steps>: the instructions of a path; a click shows where. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { distance, duration, pick, t } from '../../core/i18n.js';
import { showPoint } from '../../map/camera.js';

/**
 * @typedef {object} Step
 * @property {string} maneuver
 * @property {any} text
 * @property {string | null} ref
 * @property {number} length_m
 * @property {number} duration_s
 * @property {[number, number]} point
 */

const STEP_ZOOM = 14;
/** Shorter steps do not say how long they take. */
const TOLD_S = 30;
/** Signs of the manoeuvres by the last word of their name. @type {Record<string, string>} */
const SIGNS = {
  left: '←', right: '→', straight: '↑', uturn: '↶', depart: '●', arrive: '◎', via: '◎',
  merge: '↗', ramp: '↗', exit: '↘', ferry: '≈', roundabout: '↻', enter: '↻',
};
/** @type {Record<string, string>} */
const SLANTED = {
  slight_left: '↖', keep_left: '↖', ramp_left: '↖', exit_left: '↙',
  slight_right: '↗', keep_right: '↗', ramp_right: '↗', exit_right: '↘',
};

const sign = (/** @type {string} */ maneuver) =>
  SLANTED[maneuver] ?? SIGNS[maneuver.split('_').at(-1) ?? ''] ?? '↑';

class Steps extends Part {
  static properties = { steps: { attribute: false } };

  constructor() {
    super();
    /** @type {Step[]} */
    this.steps = [];
  }

  render() {
    if (!this.steps.length) return html``;
    return html`<details class="steps" data-testid="path-steps">
      <summary>${t('path.steps', { count: this.steps.length })}</summary>
      <ol>${this.steps.map((step) => this.step(step))}</ol></details>`;
  }

  step(/** @type {Step} */ step) {
    const time = step.duration_s >= TOLD_S ? html`<br />${duration(step.duration_s)}` : '';
    return html`<li><button class="step" data-testid="path-step" @click=${() => showPoint(step.point, STEP_ZOOM)}>
      <i aria-hidden="true">${sign(step.maneuver)}</i><span>${pick(step.text)}</span>
      <span class="muted num">${step.length_m > 0 ? html`${distance(step.length_m)}${time}` : ''}</span></button></li>`;
  }
}

define('sg-steps', Steps);
