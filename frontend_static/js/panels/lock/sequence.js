// @ts-check
/** The sequence of lockages in time: a line for each chamber, arrows for the ways, empty ones hatched. */
import { html, svg } from 'lit';
import { clock, number, t } from '../../core/i18n.js';
import { hoursWithin, lockagesAhead, spanOf } from '../../core/lock.js';
import { lockStore } from '../../model/lock.js';

/** @typedef {import('../../core/types.js').LockDetail} LockDetail */

const [WIDTH, ROW, TOP, LEFT] = [536, 30, 16, 20];

/** The chart; each lockage takes a vessel that is dropped on it. */
export function sequence(/** @type {LockDetail} */ lock) {
  const now = lockStore.at.value;
  const ahead = lockagesAhead(lock, now);
  if (!ahead.length) return '';
  const span = spanOf(ahead, now);
  const x = (/** @type {number} */ at) =>
    LEFT + ((Math.max(at, span[0]) - span[0]) / (span[1] - span[0])) * (WIDTH - LEFT);
  const height = TOP + ROW * lock.chambers.length + 4;
  const label = t('lock.sequence_label', { count: number(ahead.length), chambers: lock.chambers.length });
  return html`<h4>${t('lock.sequence')}</h4><div class="wide" tabindex="0" role="region"
      aria-label=${t('lock.sequence')}><svg class="sequence" viewBox="0 0 ${WIDTH} ${height}"
      role="img" aria-label=${label} data-testid="lock-sequence">
    <defs><pattern id="lock-empty" width="5" height="5" patternUnits="userSpaceOnUse">
      <path d="M0 5 5 0" class="hatch"></path></pattern></defs>
    ${hoursWithin(span).map((at) => svg`<line class="hour" x1=${x(at)} x2=${x(at)} y1=${TOP - 4} y2=${height}></line>
      <text x=${x(at)} y="10" text-anchor="middle">${clock(at * 1000)}</text>`)}
    ${lock.chambers.map(({ id }, row) => {
      const y = TOP + row * ROW;
      const own = ahead.filter(({ chamber }) => chamber === id);
      return svg`<text x="2" y=${y + 19}>${id}</text>${own.map((one) => {
        const [left, right] = [x(one.start), x(one.end)];
        const aimed = lockStore.aimed.value?.to === one.number;
        const held = one.ships.includes(lockStore.ship.value ?? '');
        const sign = `${one.way === 'up' ? '▲' : '▼'}${one.ships.length || ''}`;
        const kind = `box${one.ships.length ? '' : ' empty'}${aimed ? ' aimed' : ''}${held ? ' held' : ''}`;
        return svg`<g data-lockage=${one.number} class=${kind}><rect x=${left} y=${y + 2}
          width=${Math.max(2, right - left - 1)} height=${ROW - 6} rx="2"></rect>
          <text x=${(left + right) / 2} y=${y + 18} text-anchor="middle">${sign}</text></g>`;
      })}`;
    })}
    <line class="now" x1=${x(now)} x2=${x(now)} y1=${TOP - 6} y2=${height}></line></svg></div>`;
}
