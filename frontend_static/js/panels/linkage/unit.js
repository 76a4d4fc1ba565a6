// @ts-check
/** The chain of a box or bag: what should have happened and what has, faults first, and when it arrives. */
import { html } from 'lit';
import { maybe, number, pick, t } from '../../core/i18n.js';
import { linkageStore, setShipment } from '../../model/linkage.js';
import { FAULTS, findFault, findUnit, judged, openShipment, unitStore } from '../../model/unit.js';
import { badge, busy, failure } from '../widgets.js';
import { chain as modes, when } from './words.js';

/** @typedef {import('../../model/unit.js').Whole} Whole */
/** @typedef {import('../../model/unit.js').Chain} Chain */
/** @typedef {import('../../model/unit.js').Milestone} Milestone */
/** @typedef {import('../../model/unit.js').Anomaly} Anomaly */
/** @typedef {import('../../model/unit.js').UnitEvent} UnitEvent */

const SIGNS = { actual: '●', inferred: '?', expected: '○' };
const named = (/** @type {string} */ name) => maybe(`link.step.${name}`, name);

/** What is to be said of the number as it is typed. */
function verdict() {
  const { kind, plain, right } = judged.value;
  if (kind === 'blank') return '';
  const text = t(`link.unit_${kind}`, { plain, right: `${plain.slice(0, 10)}${right ?? ''}`, digit: right ?? '' });
  return html`<p class=${kind === 'right' || kind === 'bag' ? 'ok' : 'bad'} role="status" data-testid="unit-verdict"
    data-kind=${kind}>${text}</p>`;
}

function form() {
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    findUnit();
  };
  return html`<form class="link-form" @submit=${submit}>
    <label class="field"><span>${t('link.unit')}</span><input type="text" class="num" data-testid="unit-number"
      autocomplete="off" spellcheck="false" placeholder="CSQU 305438 3" .value=${linkageStore.draft.value.unit}
      @input=${(/** @type {any} */ e) => setShipment({ unit: e.target.value })} /></label>
    ${verdict()}
    <div class="actions"><button class="primary" data-testid="unit-find">${t('link.find')}</button></div>
    <div class="chips" role="group" aria-label=${t('link.faults')}><span class="muted">${t('link.faults')}</span>${
      FAULTS.map((kind) => html`<button type="button" class="small" data-testid="unit-fault" data-kind=${kind}
        @click=${() => findFault(kind)}>${maybe(`link.fault.${kind}`, kind)}</button>`)}</div></form>`;
}

function list() {
  const found = unitStore.found.value;
  if (!found) return '';
  if (!found.length) return html`<p class="muted" data-testid="unit-none">${t('link.unit_unknown')}</p>`;
  if (found.length === 1) return '';
  return html`<ul class="link-found" data-testid="unit-found">${found.map(({ id, properties: p }) => html`<li>
    <button class="link" @click=${() => openShipment(id)}>${p.units.join(', ')}</button> ${named(p.state)}
    ${Object.keys(p.anomalies).length
      ? html`<span class="bad">▲ ${number(Object.keys(p.anomalies).length)}</span>` : ''}
    ${badge(p.origin, { bare: true })}</li>`)}</ul>`;
}

function fault(/** @type {Anomaly} */ one, /** @type {(id: string | null) => string} */ place) {
  const events = one.events.map(({ id }) => id).join(', ');
  return html`<li class="link-fault" data-testid="unit-anomaly" data-kind=${one.kind}>
    <b>▲ ${pick({ zh: one.zh, en: one.en })}</b> ${one.milestone ? named(one.milestone) : ''} ${place(one.place)}
    ${one.at ? html`<span class="num">${when(one.at)}</span>` : ''}
    ${events ? html`<small class="muted">${t('link.events', { events })}</small>` : ''}</li>`;
}

/** When a milestone was: reported, or between two others. */
function actual(/** @type {Milestone} */ one) {
  if (one.at) return when(one.at);
  if (one.status === 'inferred') {
    return t('link.between', { after: one.after ? when(one.after) : '…', before: one.before ? when(one.before) : '…' });
  }
  return one.estimated ? t('link.estimated', { at: when(one.estimated) }) : t('link.open');
}

function step(/** @type {Milestone} */ one, /** @type {(id: string | null) => string} */ place) {
  const late = one.closes && one.at && Date.parse(one.at) > Date.parse(one.closes);
  return html`<tr data-testid="unit-step" data-name=${one.name} data-status=${one.status} class=${one.status}>
    <th scope="row"><span aria-hidden="true">${SIGNS[one.status]}</span> ${named(one.name)}</th>
    <td>${place(one.place)}</td>
    <td class="num">${one.planned ? when(one.planned) : one.closes
      ? t('link.closes', { at: when(one.closes) }) : '–'}</td>
    <td class="num ${late ? 'bad' : ''}">${actual(one)} <span class="sr">${
      t(`link.status.${one.status}`)}</span></td></tr>`;
}

/** @param {string} unit @param {Chain} told @param {(id: string | null) => string} place */
function chain(unit, told, place) {
  const heads = /** @type {const} */ (['link.milestone', 'link.place', 'link.planned', 'link.actual']);
  return html`<section data-testid="unit-chain" data-unit=${unit}>
    <h3>${unit} <small>${named(told.state)}${told.place ? ` · ${place(told.place)}` : ''}${
      told.at ? ` · ${when(told.at)}` : ''}</small></h3>
    ${told.held ? html`<p class="bad">■ ${t('link.held')}</p>` : ''}
    ${told.cancelled ? html`<p class="bad">■ ${t('link.cancelled')}</p>` : ''}
    ${told.anomalies.length ? html`<div role="alert"><ul class="link-faults">${
      told.anomalies.map((one) => fault(one, place))}</ul></div>`
      : html`<p class="ok">${t('link.no_faults')}</p>`}
    <div class="wide" tabindex="0" role="region" aria-label=${t('link.milestones', { unit })}><table>
      <thead><tr>${heads.map((key) => html`<th scope="col">${t(key)}</th>`)}</tr></thead>
      <tbody>${told.milestones.map((one) => step(one, place))}</tbody></table></div></section>`;
}

/** Events that took others back, and those that were taken back. */
function retracted(/** @type {UnitEvent[]} */ events) {
  const takers = events.filter(({ retracts }) => retracts);
  if (!takers.length) return '';
  return html`<h4>${t('link.retracted')}</h4><ul class="link-found" data-testid="unit-retracted">${takers.map((one) => {
    const gone = events.find(({ id, source }) => id === one.retracts && source === one.source);
    return html`<li><s>${gone ? `${gone.code} ${when(gone.at)}` : one.retracts}</s> <small class="muted">${
      t('link.retracted_by', { id: one.id, at: when(one.received_at) })}</small></li>`;
  })}</ul>`;
}

function arrival(/** @type {Whole} */ { arrival: one, planned_end: planned }) {
  const text = !one ? t('link.arrived') : t('link.expected', {
    expected: when(one.expected), low: when(one.low), high: when(one.high) });
  const basis = one ? t(one.assumed.length ? 'link.eta_assumed' : 'link.eta_learnt') : '';
  return html`<p data-testid="unit-arrival" class="num">${text} ${t('link.planned_end', { at: when(planned) })}</p>
    ${basis ? html`<p class="hint">${basis}</p>` : ''}`;
}

function whole(/** @type {Whole} */ told) {
  const names = new Map(told.places.map((one) => [one.id, pick({ zh: one.name_zh, en: one.name_en }) || one.id]));
  const place = (/** @type {string | null} */ id) => names.get(id ?? '') ?? id ?? '';
  return html`<div data-testid="unit-shipment"><p>${modes(told.legs)} ${badge(told.origin)}</p>
    ${arrival(told)}
    ${Object.entries(told.chains).map(([unit, one]) => chain(unit, one, place))}
    ${retracted(told.events)}</div>`;
}

/** The view of a box. */
export function unit() {
  const { shipment, error, working } = unitStore;
  return html`${form()}${busy(working.value)}
    ${error.value ? failure(error.value, findUnit, 'unit-retry') : ''}
    ${list()}${shipment.value ? whole(shipment.value.properties) : ''}`;
}
