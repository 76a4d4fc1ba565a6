// @ts-check
/** Lockages with their chambers drawn to scale: metres are the units of the drawing, gaps are gaps. */
import { html, nothing, svg } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { clock, maybe, number, pick, t } from '../../core/i18n.js';
import { conesOf, costOf, filling, lockagesAhead, signedMinutes } from '../../core/lock.js';
import { aim, lockStore, rowsById, targets } from '../../model/lock.js';

/** @typedef {import('../../core/types.js').LockDetail} LockDetail */
/** @typedef {import('../../core/types.js').Lockage} Lockage */
/** @typedef {import('../../core/types.js').LockRow} LockRow */
/** @typedef {Lockage & { number: number }} Numbered */

/** Heights of letters in a drawing, and the vessel's beam that has room for two lines; m. */
const [NAME_M, SIZE_M, TWO_LINES_M] = [4.2, 3.4, 9];
/** Room around a chamber; m. */
const EDGE_M = 1;

/** Name a class of cargo. */
export const cargoName = (/** @type {string} */ cargo) => maybe(`lock.cargo.${cargo}`, cargo);

const sizes = (/** @type {LockRow} */ row) => `${number(row.length_m, 1)} × ${number(row.beam_m, 1)} m`;

/** What is said of a vessel in one line. */
export function vesselTitle(/** @type {LockRow} */ row) {
  const said = [row.vessel, sizes(row), t(row.way === 'up' ? 'lock.up' : 'lock.down')];
  if (row.draught_m !== null) said.push(`${t('water.draught_short')} ${number(row.draught_m, 1)} m`);
  if (row.cargo !== 'ordinary') said.push(cargoName(row.cargo));
  return said.join(' · ');
}

/** Signs of dangerous cargo: as many cones as the vessel shows. */
function cones(/** @type {number} */ count, /** @type {number} */ right, /** @type {number} */ middle) {
  return Array.from({ length: count }, (_, k) => {
    const x = right - 3 - k * 4;
    return svg`<path class="cone" d="M${x - 1.7} ${middle - 1.8}h3.4l-1.7 3.6z"></path>`;
  });
}

function vessel(/** @type {LockRow} */ row, /** @type {{ x_m: number, y_m: number }} */ { x_m: x, y_m: y },
  /** @type {boolean} */ movable) {
  const held = lockStore.ship.value === row.id;
  const two = row.beam_m >= TWO_LINES_M;
  const dangerous = conesOf(row.cargo);
  const middle = y + row.beam_m / 2;
  const name = two ? row.vessel : `${row.vessel} ${number(row.length_m)}×${number(row.beam_m, 1)}`;
  const drawn = svg`<title>${vesselTitle(row)}</title>
    <rect class="hull" x=${x} y=${y} width=${row.length_m} height=${row.beam_m} rx="0.8"></rect>
    ${dangerous ? svg`<rect class="danger" x=${x} y=${y} width=${row.length_m} height=${row.beam_m} rx="0.8"></rect>`
      : ''}
    <text x=${x + 1.5} y=${two ? middle - 0.4 : middle + NAME_M / 3} font-size=${NAME_M}>${name}${
      row.cargo === 'passenger' ? ` ${t('lock.passenger_sign')}` : ''}</text>
    ${two ? svg`<text class="size" x=${x + 1.5} y=${middle + SIZE_M} font-size=${SIZE_M}>${sizes(row)}</text>` : ''}
    ${cones(dangerous, x + row.length_m, middle)}`;
  const kind = `vessel${held ? ' held' : ''}${dangerous ? ' dangerous' : ''}`;
  return movable
    ? svg`<g class=${kind} data-testid="lock-vessel" data-ship=${row.id} data-name=${row.vessel} role="button"
        tabindex="0" aria-pressed=${held ? 'true' : 'false'} aria-label=${vesselTitle(row)}>${drawn}</g>`
    : svg`<g class=${kind} data-testid="lock-vessel" role="img" aria-label=${vesselTitle(row)}>${drawn}</g>`;
}

/** A chamber with the vessels of a lockage; its width on the page follows its length in metres. */
function drawing(/** @type {Numbered} */ one, /** @type {LockDetail['chambers'][number]} */ chamber,
  /** @type {number} */ longest, /** @type {boolean} */ movable) {
  const rows = rowsById.value;
  const [length, beam] = [chamber.length_m, chamber.beam_m];
  const box = `${-EDGE_M} ${-EDGE_M} ${length + 2 * EDGE_M} ${beam + 2 * EDGE_M}`;
  const unseen = one.ships.filter((id) => !rows.has(id)).length;
  return html`<div class="wide" tabindex=${movable ? nothing : 0}>
    <svg class="chamber" viewBox=${box} role="group" width="${(length / longest) * 100}%"
      style="min-width:${length * 2.2}px" aria-label=${t('lock.chamber_label', {
        chamber: chamber.id, length: number(length, 1), beam: number(beam, 1), count: one.ships.length })}>
      <rect class="walls" x="0" y="0" width=${length} height=${beam}></rect>
      <path class="gate" d="M0 0v${beam}M${length} 0v${beam}"></path>
      ${one.berths.map((berth) => {
        const row = rows.get(berth.ship);
        return row ? vessel(row, berth, movable) : '';
      })}</svg></div>${unseen ? html`<p class="hint">${t('lock.unseen', { count: unseen })}</p>` : ''}`;
}

/** What a move to a lockage would do, in a few signs. */
export function mark(/** @type {number} */ to) {
  const option = lockStore.options.value?.find((one) => one.to === to);
  const ship = lockStore.ship.value;
  if (!option || !ship) return '';
  if (!option.allowed) {
    return html`<span class="bad"><i aria-hidden="true">✕</i> ${pick(option.refusal?.text)}</span>`;
  }
  const { own, total } = costOf(option, ship);
  return html`<span class="num ${total > 0 ? 'warn' : 'ok'}"><i aria-hidden="true">→</i> ${t('lock.mark', {
    own: signedMinutes(own), others: signedMinutes(total) })}</span>`;
}

function lockage(/** @type {LockDetail} */ lock, /** @type {Numbered} */ one, /** @type {number} */ longest) {
  const chamber = lock.chambers.find(({ id }) => id === one.chamber);
  const begun = one.start <= lockStore.at.value;
  const aimed = lockStore.aimed.value?.to === one.number;
  const up = one.way === 'up';
  const share = filling(one, chamber, rowsById.value);
  const count = one.ships.length;
  const load = share === null ? t('lock.count', { count }) : t('lock.full', { count, full: number(share * 100) });
  const words = [
    `${clock(one.start * 1000)}–${clock(one.end * 1000)}`, t('lock.chamber', { chamber: one.chamber }),
    `${up ? '▲' : '▼'} ${t(up ? 'lock.up' : 'lock.down')}`,
    count ? load : t('lock.empty'),
  ];
  return html`<li class="lockage ${aimed ? 'aimed' : ''} ${one.ships.length ? '' : 'empty'}" data-testid="lockage"
    data-lockage=${one.number}><div class="lockage-head"><span class="num">${words.join(' · ')}</span>
      ${begun ? html`<b class="ok">${t('lock.begun')}</b>` : ''}${mark(one.number)}
      ${targets.value.some(({ to }) => to === one.number) && !aimed ? html`<button class="small" data-testid="lock-here"
        @click=${() => aim(one.number)}>${t('lock.here')}</button>` : ''}</div>
    ${one.ships.length && chamber
      ? drawing(one, chamber, longest, lock.may.ask && !begun) : ''}</li>`;
}

/** All lockages that have not ended, by begin. */
export function lockageList(/** @type {LockDetail} */ lock) {
  const ahead = lockagesAhead(lock, lockStore.at.value);
  if (!ahead.length) return lock.plan ? html`<p class="muted" data-testid="lock-idle">${t('lock.idle')}</p>` : '';
  const longest = Math.max(...lock.chambers.map(({ length_m: length }) => length));
  const facts = lock.chambers.map(({ id, length_m: length, beam_m: beam }) =>
    `${t('lock.chamber', { chamber: id })} ${number(length, 1)} × ${number(beam, 1)} m`).join('；');
  return html`<h4>${t('lock.lockages')}</h4>
    <p class="hint">${facts}. ${t('lock.scale')} ${lock.may.ask ? t('lock.how') : ''}</p>
    <ol class="lockages">${repeat(ahead, ({ number: key }) => key, (one) => lockage(lock, one, longest))}</ol>`;
}
