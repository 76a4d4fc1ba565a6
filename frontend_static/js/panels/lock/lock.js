// @ts-check
/** <sg-lock>: the desk of a lock-master: the board of all locks, or one with its plan in hand. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { hoursMinutes, moment, number, pick, t } from '../../core/i18n.js';
import { OLD_S, chainOf } from '../../core/lock.js';
import {
  BOARD, aim, aimNext, applyMove, drop, loadLock, lockStore, openLock, planAnew, take, undoChange,
} from '../../model/lock.js';
import { sessionStore } from '../../model/session.js';
import { voyageStore } from '../../model/voyage.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { board } from './board.js';
import { lockageList } from './chamber.js';
import { cost } from './cost.js';
import { queue } from './queue.js';
import { sequence } from './sequence.js';

/** @typedef {import('../../core/types.js').LockDetail} LockDetail */
/** @typedef {import('../../core/types.js').LockPlan} LockPlan */

/** A pointer that moved less than this did not drag; px. */
const START_PX = 5;
const STEPS = /** @type {Record<string, 1 | -1>} */ ({
  ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1,
});

/** The locks of the voyage on show, in its order, and the others. */
export const chained = () =>
  chainOf(lockStore.board.value ?? [], voyageStore.answer.value?.features[0]?.properties.structures ?? []);

class Lock extends Part {
  static properties = { ghost: { state: true } };

  constructor() {
    super();
    /** Where a vessel is dragged. @type {{ x: number, y: number, name: string } | null} */
    this.ghost = null;
    /** Where a press began. @type {{ x: number, y: number, ship: string, name: string } | null} */
    this.press = null;
  }

  render() {
    const { current, detail, error, working, board: all } = lockStore;
    const one = detail.value;
    const failed = error.value;
    return html`<section class="lock" data-testid="lock" aria-label=${t('lock.desk')} @keydown=${this.key}
      @pointerdown=${this.down} @pointermove=${this.move} @pointerup=${this.up} @pointercancel=${this.up}>
      ${busy(working.value || (!all.value && !failed))}
      ${failed ? failure(failed, loadLock, 'lock-retry') : ''}
      ${current.value === BOARD || !all.value ? '' : this.head()}
      ${current.value === BOARD && all.value ? board(chained()) : ''}
      ${current.value !== BOARD && !sessionStore.account.value
        ? html`<p class="muted" data-testid="lock-closed">${t('lock.sign_in')}</p>` : ''}
      ${one && current.value === one.id ? this.desk(one) : ''}
      ${this.ghost ? html`<div class="lock-ghost" aria-hidden="true"
        style="left:${this.ghost.x}px;top:${this.ghost.y}px">${this.ghost.name}</div>` : ''}
    </section>`;
  }

  /** The way back to the board, and the locks before and after this one. */
  head() {
    const { chain, others } = chained();
    const all = [...chain, ...others];
    const at = all.findIndex(({ id }) => id === lockStore.current.value);
    const step = (/** @type {number} */ by, /** @type {string} */ sign) => {
      const next = at < 0 ? undefined : all[at + by];
      return next ? html`<button class="small" data-testid="lock-step" @click=${() => openLock(next.id)}>${
        by < 0 ? sign : ''} ${pick(next.name)} ${by > 0 ? sign : ''}</button>` : '';
    };
    return html`<nav class="actions" aria-label=${t('lock.board')}>
      <button class="small" data-testid="lock-board" @click=${() => openLock(BOARD)}>${t('lock.board')}</button>
      <span class="grow"></span>${step(-1, '‹')}${step(1, '›')}</nav>`;
  }

  desk(/** @type {LockDetail} */ one) {
    const refused = lockStore.refused.value;
    return html`<header class="lock-head"><h3>${pick(one.name)}</h3>${badge(one.origin)}</header>
      ${one.origin === 'synthetic'
        ? html`<p class="lock-synthetic" data-testid="lock-synthetic">${t('lock.synthetic')}</p>` : ''}
      ${one.chambers_unknown.length
        ? html`<p class="warn">${t('lock.unknown', { chambers: one.chambers_unknown.join(', ') })}</p>` : ''}
      ${this.plan(one)}
      ${refused ? html`<div class="failure" role="alert" data-testid="lock-refused">${explain(refused)}</div>` : ''}
      ${sequence(one)}
      ${lockageList(one)}
      ${queue(one)}
      ${lockStore.ship.value ? cost(one, lockStore.ship.value) : ''}`;
  }

  /** How old the plan is, what is proven of it, its bounds, and what can be done with it. */
  plan(/** @type {LockDetail} */ one) {
    const { plan } = one;
    const age = one.plan_made_at ? lockStore.at.value - Date.parse(one.plan_made_at) / 1000 : 0;
    return html`<div class="lock-plan" data-testid="lock-plan">
      ${plan ? html`<p class="num ${age > OLD_S ? 'warn' : ''}" data-testid="lock-age">${age > OLD_S
        ? html`<i aria-hidden="true">■</i> ` : ''}${t('lock.version', {
        version: number(one.plan_version ?? 0), age: hoursMinutes(Math.max(0, age)),
        made: moment(one.plan_made_at ?? '', true) })}</p>
        <p data-testid="lock-proven">${proven(plan)}</p>
        <p class="hint" data-testid="lock-bounds">${bounds(plan)}</p>`
        : html`<p class="muted" data-testid="lock-no-plan">${t('lock.no_plan')}</p>`}
      ${one.may.publish ? html`<div class="actions">
        <button data-testid="lock-plan-anew" ?disabled=${lockStore.working.value}
          @click=${planAnew}>${t('lock.plan_anew')}</button>
        ${one.undo ? html`<button data-testid="lock-undo" ?disabled=${lockStore.working.value}
          @click=${undoChange}>${icon('swap')}${t('lock.undo', { version: one.undo })}</button>` : ''}
        </div>` : ''}</div>`;
  }

  /** Keys while a vessel is held: arrows aim, Enter applies, Escape lets go. */
  key(/** @type {KeyboardEvent} */ event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const vessel = target.closest('[data-ship]');
    if (vessel && (event.key === 'Enter' || event.key === ' ') && lockStore.ship.peek() !== shipOf(vessel)) {
      event.preventDefault();
      take(shipOf(vessel));
      return;
    }
    if (!lockStore.ship.peek() || target.closest('select') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      drop();
    } else if (event.key in STEPS) {
      event.preventDefault();
      aimNext(STEPS[event.key]);
    } else if (event.key === 'Enter' && vessel) {
      event.preventDefault();
      applyMove();
    }
  }

  down(/** @type {PointerEvent} */ event) {
    const vessel = /** @type {Element} */ (event.target).closest('[data-ship]');
    if (!vessel || event.button) return;
    const [x, y] = [event.clientX, event.clientY];
    this.press = { x, y, ship: shipOf(vessel), name: vessel.getAttribute('data-name') ?? '' };
    take(this.press.ship);
  }

  move(/** @type {PointerEvent} */ event) {
    const [x, y] = [event.clientX, event.clientY];
    const held = this.press;
    if (!held || (!this.ghost && Math.hypot(x - held.x, y - held.y) < START_PX)) return;
    if (!this.ghost) /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.ghost = { x, y, name: held.name };
    const over = document.elementFromPoint(x, y)?.closest('[data-lockage]');
    const to = over?.getAttribute('data-lockage');
    if (to !== null && to !== undefined && to !== String(lockStore.aimed.peek()?.to)) aim(Number(to));
  }

  up() {
    this.press = null;
    this.ghost = null;
  }
}

const shipOf = (/** @type {Element} */ vessel) => vessel.getAttribute('data-ship') ?? '';

/** What is proven of a plan, in a sentence. */
function proven(/** @type {LockPlan} */ plan) {
  if (plan.optimal) return t('lock.optimal');
  const most = { gap: number(plan.gap * 100, 1), cost: number(plan.cost / 60), bound: number(plan.bound / 60) };
  return t(plan.bound > 0 ? 'lock.gap' : 'lock.unproven', most);
}

/** The bounds that a plan keeps. */
function bounds(/** @type {LockPlan} */ { bounds: held, waits }) {
  const longest = Math.max(0, ...Object.values(waits));
  const said = t('lock.bounds', {
    times: number(held.overtaken_most), most: hoursMinutes(held.wait_most), longest: hoursMinutes(longest) });
  const wider = held.wait_held > held.wait_most ? ` ${t('lock.widened', { held: hoursMinutes(held.wait_held) })}` : '';
  return `${said}${wider} ${t(held.published_held ? 'lock.promises_held' : 'lock.promises_broken')}`;
}

define('sg-lock', Lock);
