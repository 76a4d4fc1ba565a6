// @ts-check
/** <sg-heat-hours>: hours of the week as a matrix of days and hours, chosen by mouse or keys. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { DAY_HOURS, WEEK_HOURS, readHours, writeHours } from '../../core/heat.js';
import { t } from '../../core/i18n.js';
import { heatStore, setHeat } from '../../model/heat.js';

const DAYS = 7;
const NIGHT = [22, 23, 0, 1, 2, 3, 4, 5];
const WORKDAYS = 5;
const LABELLED = [0, 6, 12, 18];
const days = Array.from({ length: DAYS }, (_, day) => day);
const hours = Array.from({ length: DAY_HOURS }, (_, hour) => hour);

const dayName = (/** @type {number} */ day) => t('heat.days').split(',')[day];
const all = (/** @type {(day: number, hour: number) => boolean} */ wanted) =>
  days.flatMap((day) => hours.filter((hour) => wanted(day, hour)).map((hour) => day * DAY_HOURS + hour));

/** Sets of hours that are asked for often. @type {[import('../../core/i18n.js').Key, number[]][]} */
const SETS = [
  ['heat.hours.all', []],
  ['heat.hours.night', all((_, hour) => NIGHT.includes(hour))],
  ['heat.hours.day', all((_, hour) => !NIGHT.includes(hour))],
  ['heat.hours.workdays', all((day) => day < WORKDAYS)],
  ['heat.hours.weekend', all((day) => day >= WORKDAYS)],
];

class Hours extends Part {
  static properties = { at: { state: true }, painted: { state: true } };

  constructor() {
    super();
    /** Hour that the keys are at. */
    this.at = 0;
    /** Hours as they are painted, until the button is let go. @type {Set<number> | null} */
    this.painted = null;
    this.paint = true;
  }

  get chosen() {
    return this.painted ?? new Set(readHours(heatStore.asked.value.hours));
  }

  render() {
    const { chosen } = this;
    const text = heatStore.asked.value.hours;
    return html`<details class="heat-hours" data-testid="heat-hours" ?open=${Boolean(text)}>
      <summary>${t('heat.hours')} <span class="muted" data-testid="heat-hours-said">${text
        ? t('heat.hours.some', { count: readHours(text).length }) : t('heat.hours.all')}</span></summary>
      <div class="chips">${SETS.map(([name, set]) => html`<button type="button" data-testid=${name}
        aria-pressed=${text === writeHours(set)} @click=${() => setHeat({ hours: writeHours(set) })}>${
          t(name)}</button>`)}</div>
      <div class="hour-grid" role="grid" aria-multiselectable="true" aria-label=${t('heat.hours')}
        @keydown=${this.key} @pointerdown=${this.down} @pointerover=${this.over} @pointerup=${this.up}>
        ${days.map((day) => this.day(day, chosen))}</div>
      <div class="hour-labels num muted" aria-hidden="true">${LABELLED.map((hour) => html`<span
        style="grid-column:${hour + 2} / span 3">${String(hour).padStart(2, '0')}</span>`)}</div>
      <p class="hint">${t('heat.hours_note')}</p>
    </details>`;
  }

  day(/** @type {number} */ day, /** @type {Set<number>} */ chosen) {
    return html`<div role="row"><span role="rowheader">${dayName(day)}</span>${hours.map((hour) => {
      const at = day * DAY_HOURS + hour;
      return html`<span role="gridcell" data-hour=${at} tabindex=${at === this.at ? 0 : -1}
        aria-selected=${chosen.has(at)} aria-label="${dayName(day)} ${hour}:00"
        title="${dayName(day)} ${hour}:00"></span>`;
    })}</div>`;
  }

  /** Arrows walk, with Shift they choose on the way; Space chooses, Home and End go to the day's ends. */
  key(/** @type {KeyboardEvent} */ event) {
    const day = Math.floor(this.at / DAY_HOURS);
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: this.at - 1, ArrowRight: this.at + 1, ArrowUp: this.at - DAY_HOURS, ArrowDown: this.at + DAY_HOURS,
      Home: day * DAY_HOURS, End: (day + 1) * DAY_HOURS - 1,
    };
    const next = targets[event.key];
    const choose = event.key === ' ' || event.key === 'Enter';
    if (next === undefined && !choose) return;
    event.preventDefault();
    event.stopPropagation();
    if (choose) {
      this.turn([this.at], !this.chosen.has(this.at));
      return;
    }
    if (next < 0 || next >= WEEK_HOURS) return;
    if (event.shiftKey) this.turn([this.at, next], true);
    this.at = next;
    this.updateComplete.then(() =>
      /** @type {HTMLElement | null} */ (this.querySelector(`[data-hour="${next}"]`))?.focus());
  }

  /** Choose some hours, or let them go. */
  turn(/** @type {number[]} */ some, /** @type {boolean} */ on) {
    const chosen = new Set(this.chosen);
    for (const hour of some) chosen[on ? 'add' : 'delete'](hour);
    setHeat({ hours: writeHours(chosen) });
  }

  hourOf(/** @type {Event} */ event) {
    const hour = /** @type {HTMLElement} */ (event.target).dataset?.hour;
    return hour === undefined ? null : Number(hour);
  }

  down(/** @type {PointerEvent} */ event) {
    const hour = this.hourOf(event);
    if (hour === null) return;
    this.paint = !this.chosen.has(hour);
    this.painted = new Set(this.chosen);
    this.at = hour;
    this.brush(hour);
  }

  over(/** @type {PointerEvent} */ event) {
    const hour = this.hourOf(event);
    if (this.painted && hour !== null && event.buttons) this.brush(hour);
  }

  brush(/** @type {number} */ hour) {
    const painted = new Set(this.painted);
    painted[this.paint ? 'add' : 'delete'](hour);
    this.painted = painted;
  }

  up() {
    if (!this.painted) return;
    const chosen = writeHours(this.painted);
    this.painted = null;
    setHeat({ hours: chosen });
  }
}

define('sg-heat-hours', Hours);
