// @ts-check
/** <sg-stops>: the stops in order; each can be moved on the map by arrow keys, and in the list. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { MOST_STOPS } from '../../core/hash.js';
import { t } from '../../core/i18n.js';
import { optimiseOrder } from '../../model/path.js';
import { addVia, clearPath, moveStop, placeAt, removeVia, roleOf, setWaypoint, swapEnds } from '../../model/stops.js';
import { toast, url } from '../../core/store.js';
import { theMap } from '../../map/instance.js';
import { icon } from '../widgets.js';

/** @typedef {import('../../core/hash.js').Waypoint} Waypoint */

/** How far an arrow key moves a stop, and with Shift. */
const NUDGE_PX = 8;
const NUDGE_FAR_PX = 64;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Move a place on the map by an arrow key; null when it was another key. */
export function nudged(/** @type {KeyboardEvent} */ event, /** @type {Waypoint} */ point) {
  const arrow = ARROWS[event.key];
  const map = theMap.peek();
  if (!arrow || !map) return null;
  event.preventDefault();
  const far = event.shiftKey ? NUDGE_FAR_PX : NUDGE_PX;
  const at = map.project([point.lon, point.lat]);
  const { lng, lat } = map.unproject([at.x + arrow[0] * far, at.y + arrow[1] * far]);
  return placeAt(lng, lat);
}

/** The place in the middle of the map. */
export function centre() {
  const at = theMap.peek()?.getCenter();
  return at ? placeAt(at.lng, at.lat) : null;
}

class Stops extends Part {
  static properties = { working: { state: true } };

  constructor() {
    super();
    this.working = false;
  }

  render() {
    const points = url.waypoints.value;
    const ready = points.length > 3 && points.every(Boolean);
    const full = points.length >= MOST_STOPS;
    return html`<ol class="waypoints" aria-label=${t('path.stops')}>${points.map((point, index) => this.stop(point, index))}</ol>
      <div class="actions">
        <button data-testid="path-swap" title=${t('path.swap')} @click=${swapEnds}>${icon('swap')}<span>${t('path.swap')}</span></button>
        <button data-testid="path-via" title=${t('path.add_via')} ?disabled=${full} @click=${() => addVia(null)}>${icon('plus')}<span>${t('path.add_via')}</span></button>
        ${ready ? html`<button data-testid="path-optimise" ?disabled=${this.working} @click=${this.optimise}>${icon('path')}<span>${t('path.optimise')}</span></button>` : ''}
        <button data-testid="path-clear" ?disabled=${!points.some(Boolean)} @click=${clearPath}>${icon('close')}<span>${t('path.clear')}</span></button>
      </div>`;
  }

  stop(/** @type {Waypoint | null} */ point, /** @type {number} */ index) {
    const count = url.waypoints.value.length;
    const { role, mark } = roleOf(index, count);
    const name = role === 'via' ? t('path.via', { n: index }) : t(role === 'start' ? 'path.start' : 'path.end');
    return html`<li class="waypoint" data-testid="waypoint-${role}" data-index=${index} data-set=${point !== null}>
      ${this.pin(point, index, mark, name)}
      <div class="waypoint-text"><span class="muted">${name}</span>
        <b class=${point ? '' : 'unset'}>${point ? point.label : t('path.not_set')}</b></div>
      ${count > 2 ? this.order(index, count, name) : ''}
      ${point ? '' : this.tool('target', `pick-${role}`, `${name}: ${t('path.pick')}`, () => setWaypoint(index, centre()))}
      ${point || role === 'via' ? this.tool('close', `clear-${role}`, t('path.clear_point', { name }), () => (role === 'via' ? removeVia(index) : setWaypoint(index, null))) : ''}
    </li>`;
  }

  /** @param {string} shape @param {string} id @param {string} label @param {() => void} run */
  tool(shape, id, label, run) {
    return html`<button class="plain" data-testid=${id} title=${label} aria-label=${label} @click=${run}>${icon(shape)}</button>`;
  }

  /** @param {Waypoint | null} point @param {number} index @param {string} mark @param {string} name */
  pin(point, index, mark, name) {
    const { role } = roleOf(index, url.waypoints.value.length);
    if (!point) return html`<span class="pin ${role}" aria-hidden="true">${mark}</span>`;
    const key = (/** @type {KeyboardEvent} */ event) => {
      const moved = nudged(event, point);
      if (moved) setWaypoint(index, moved);
    };
    return html`<button class="pin ${role}" data-testid="pin-${role}" title=${t('path.nudge')} aria-label="${name} ${mark}: ${t('path.nudge')}" @keydown=${key}
      @click=${() => theMap.peek()?.jumpTo({ center: [point.lon, point.lat] })}>${mark}</button>`;
  }

  order(/** @type {number} */ index, /** @type {number} */ count, /** @type {string} */ name) {
    const button = (/** @type {1 | -1} */ step, /** @type {'up' | 'down'} */ way) => html`<button data-testid="stop-${way}" title=${t(`path.${way}`)}
      aria-label="${name}: ${t(`path.${way}`)}" ?disabled=${index + step < 0 || index + step >= count} @click=${() => moveStop(index, step)}>${icon(way)}</button>`;
    return html`<span class="order">${button(-1, 'up')}${button(1, 'down')}</span>`;
  }

  async optimise() {
    this.working = true;
    try {
      await optimiseOrder();
    } catch (error) {
      toast({ kind: 'bad', text: explain(error) });
    } finally {
      this.working = false;
    }
  }
}

define('sg-stops', Stops);
