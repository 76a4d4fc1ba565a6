// @ts-check
/** <sg-stops>: the stops in order; each can be moved on the map by arrow keys, and in the list. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { MOST_STOPS } from '../../core/hash.js';
import { t } from '../../core/i18n.js';
import { theMap } from '../../map/instance.js';
import { icon } from '../widgets.js';
import { addVia, clearPath, moveStop, placeAt, removeVia, roleOf, setWaypoint, swapEnds } from '../../model/stops.js';
import { optimiseOrder } from '../../model/path.js';
import { planStore } from '../../model/plan.js';

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
  render() {
    const points = planStore.waypoints.value;
    const stops = points.map((point, index) => this.stop(point, index));
    return html`<ol class="waypoints" aria-label=${t('path.stops')}>${stops}</ol>
      <div class="actions">${this.actions(points)}</div>`;
  }

  actions(/** @type {(Waypoint | null)[]} */ points) {
    const ready = points.length > 3 && points.every(Boolean);
    const full = points.length >= MOST_STOPS;
    const ordering = planStore.ordering.value;
    return html`<button data-testid="path-swap" title=${t('path.swap')}
        @click=${swapEnds}>${icon('swap')}<span>${t('path.swap')}</span></button>
      <button data-testid="path-via" title=${t('path.add_via')} ?disabled=${full}
        @click=${() => addVia(null)}>${icon('plus')}<span>${t('path.add_via')}</span></button>
      ${ready
        ? html`<button data-testid="path-optimise" ?disabled=${ordering}
            @click=${optimiseOrder}>${icon('path')}<span>${t('path.optimise')}</span></button>`
        : ''}
      <button data-testid="path-clear" ?disabled=${!points.some(Boolean)}
        @click=${clearPath}>${icon('close')}<span>${t('path.clear')}</span></button>`;
  }

  stop(/** @type {Waypoint | null} */ point, /** @type {number} */ index) {
    const count = planStore.waypoints.value.length;
    const { role, mark } = roleOf(index, count);
    const name = role === 'via' ? t('path.via', { n: index }) : t(role === 'start' ? 'path.start' : 'path.end');
    const pickHere = () => setWaypoint(index, centre());
    const clear = () => (role === 'via' ? removeVia(index) : setWaypoint(index, null));
    return html`<li class="waypoint" data-testid="waypoint-${role}" data-index=${index} data-set=${point !== null}>
      ${this.pin(point, index, mark, name)}
      <div class="waypoint-text"><span class="muted">${name}</span>
        <b class=${point ? '' : 'unset'}>${point ? point.label : t('path.not_set')}</b></div>
      ${count > 2 ? this.order(index, count, name) : ''}
      ${point ? '' : this.tool('target', `pick-${role}`, `${name}: ${t('path.pick')}`, pickHere)}
      ${point || role === 'via' ? this.tool('close', `clear-${role}`, t('path.clear_point', { name }), clear) : ''}
    </li>`;
  }

  /** @param {string} shape @param {string} id @param {string} label @param {() => void} run */
  tool(shape, id, label, run) {
    return html`<button class="plain" data-testid=${id} title=${label} aria-label=${label}
      @click=${run}>${icon(shape)}</button>`;
  }

  /** @param {Waypoint | null} point @param {number} index @param {string} mark @param {string} name */
  pin(point, index, mark, name) {
    const { role } = roleOf(index, planStore.waypoints.value.length);
    if (!point) return html`<span class="pin ${role}" aria-hidden="true">${mark}</span>`;
    const key = (/** @type {KeyboardEvent} */ event) => {
      const moved = nudged(event, point);
      if (moved) setWaypoint(index, moved);
    };
    return html`<button class="pin ${role}" data-testid="pin-${role}" title=${t('path.nudge')}
      aria-label="${name} ${mark}: ${t('path.nudge')}" @keydown=${key}
      @click=${() => theMap.peek()?.jumpTo({ center: [point.lon, point.lat] })}>${mark}</button>`;
  }

  order(/** @type {number} */ index, /** @type {number} */ count, /** @type {string} */ name) {
    const button = (/** @type {1 | -1} */ step, /** @type {'up' | 'down'} */ way) => {
      const off = index + step < 0 || index + step >= count;
      return html`<button data-testid="stop-${way}" title=${t(`path.${way}`)} aria-label="${name}: ${t(`path.${way}`)}"
        ?disabled=${off} @click=${() => moveStop(index, step)}>${icon(way)}</button>`;
    };
    return html`<span class="order">${button(-1, 'up')}${button(1, 'down')}</span>`;
  }
}

define('sg-stops', Stops);
