// @ts-check
/** Itineraries as cards; the one on show has its legs, each with the sheet that its CO2 is reckoned by. */
import { html } from 'lit';
import { moment, number, pick, t } from '../../core/i18n.js';
import { gateOf, madeUp } from '../../core/linkage.js';
import { changes, chooseItinerary, linkageStore } from '../../model/linkage.js';
import { badge, originName } from '../widgets.js';
import { chain, co2, cost, mode, percent, placeName, serviceOf, span, when } from './words.js';

/** @typedef {import('../../core/linkage.js').Itinerary} Itinerary */
/** @typedef {import('../../core/linkage.js').Leg} Leg */
/** @typedef {import('../../core/linkage.js').Answer} Answer */

const fact = (/** @type {string} */ name, /** @type {unknown} */ value, testid = '') =>
  html`<div><dt>${name}</dt><dd class="num" data-testid=${testid}>${value}</dd></div>`;

/** What became of an itinerary when the network changed. */
function change(/** @type {Itinerary} */ one) {
  const was = changes.value?.told.get(one.id);
  if (!linkageStore.before.value) return '';
  if (!was) return html`<p class="hint" data-testid="link-change" data-change="none">${t('link.unchanged')}</p>`;
  if (was === 'new') return html`<p class="warn" data-testid="link-change" data-change="new">${t('link.new')}</p>`;
  return html`<p class="warn" data-testid="link-change" data-change="changed">▲ ${t('link.was', {
    hours: number(was.hours, 1), cost: cost(was.cost_cny), co2: co2(was.co2_kg) })}</p>`;
}

/** A card of an itinerary. */
function card(/** @type {Itinerary} */ one, /** @type {number} */ place) {
  const on = linkageStore.chosen.value === one.id;
  const gate = gateOf(one);
  return html`<article class="link-card ${on ? 'on' : ''} ${linkageStore.pointed.value === one.id ? 'pointed' : ''}"
    data-testid="link-card" data-id=${one.id} data-modes=${one.legs.map((leg) => leg.mode).join(' ')}>
    <h4><button class="link-choose" aria-pressed=${on} data-testid="link-choose"
      @click=${() => chooseItinerary(one.id)}><b class="num">${place}</b> ${chain(one.legs)}</button>
      ${madeUp(one) ? badge('synthetic') : ''}</h4>
    <dl>
      ${fact(t('link.departs'), one.any_time ? t('link.any_time') : when(one.departs))}
      ${fact(t('link.arrives'), when(one.arrives))}
      ${fact(t('link.hours'), t('link.hours_value', { hours: number(one.hours, 1) }))}
      ${fact(t('link.cost'), cost(one.cost_cny), 'link-cost')}
      ${fact('CO₂e', co2(one.co2_kg), 'link-co2')}
      ${fact(t('link.changes'), number(one.transfers))}
      ${fact(t('link.on_time'), percent(one.on_time))}
      ${one.any_time ? '' : fact(t('link.set_out'), when(one.departs))}
      ${gate ? fact(t('link.gate'), when(gate)) : ''}
    </dl>${change(one)}</article>`;
}

/** How the CO2 of a leg is reckoned: mass, distance, factor, set, scope, source. */
function sheet(/** @type {Leg} */ { sheet: s, co2_kg: kg }) {
  const unknown = t('link.not_known');
  return html`<table class="link-sheet" data-testid="link-sheet"><tbody>
    <tr><th scope="row">${t('link.formula')}</th><td class="num">${number(s.mass_t, 2)} t × ${number(s.km, 1)} km × ${
      span(s.g_per_tkm, 'g/tkm')} ÷ 1000 = ${co2(kg)}</td></tr>
    <tr><th scope="row">${t('link.factor_set')}</th><td>${s.factor_set}</td></tr>
    <tr><th scope="row">${t('link.scope')}</th><td>${s.scope === 'well-to-wheel' ? t('link.wtw')
      : s.scope ?? unknown}</td></tr>
    <tr><th scope="row">${t('link.source')}</th><td data-testid="link-source">${s.source ?? unknown}</td></tr>
  </tbody></table>`;
}

function leg(/** @type {Leg} */ one, /** @type {number} */ at) {
  const drawn = one.mode === 'road' && linkageStore.roads.value[at] ? 'link.drawn_road' : 'link.drawn_straight';
  return html`<li class="link-leg" data-testid="link-leg" data-mode=${one.mode}>
    <div class="link-leg-head">${mode(one.mode)} <span>${serviceOf(one)}</span> ${
      badge(one.origin, { bare: true })}</div>
    <div class="num">${placeName(one.from_hub, 'start')} ${when(one.departs)} → ${placeName(one.to_hub, 'goal')} ${
      when(one.arrives)}</div>
    ${one.gate_closes ? html`<div class="num">${t('link.gate')} ${when(one.gate_closes)}</div>` : ''}
    <div class="num muted">${number(one.km, 1)} km · ${cost(one.cost_cny)} · ${t(drawn)} · ${
      originName(one.origin)}</div>
    <details><summary data-testid="link-sheet-open">CO₂e ${co2(one.co2_kg)}: ${t('link.sheet')}</summary>${
      sheet(one)}</details></li>`;
}

/** The legs of the itinerary on show. */
export function legs(/** @type {Itinerary} */ one) {
  const changed = one.transfer_cost_cny.low || one.transfer_cost_cny.high || one.transfer_co2_kg.high;
  return html`<h4>${t('link.legs')}</h4><ol class="link-legs" data-testid="link-legs">${one.legs.map(leg)}</ol>
    ${changed ? html`<p class="hint num">${t('link.transfer_sum', {
      cost: cost(one.transfer_cost_cny), co2: co2(one.transfer_co2_kg) })}</p>` : ''}`;
}

/** Whether the order of the cards by CO2 hangs on the set of factors. */
function order(/** @type {Answer} */ { co2_order: told, cards: chosen }) {
  if (chosen.length < 2) return '';
  const place = (/** @type {number} */ id) => number(chosen.indexOf(id) + 1);
  const sets = Object.entries(told.by_set).map(([set, ids]) => `${set}: ${ids.map(place).join(' < ')}`).join('; ');
  const pairs = told.undecided.map((pair) => pair.map(place).join('/')).join(', ');
  return html`<p class=${told.depends_on_factor_set ? 'warn' : 'hint'} data-testid="link-order"
      data-depends=${told.depends_on_factor_set}>${t(
    told.depends_on_factor_set ? 'link.order_depends' : 'link.order_same', { sets })}</p>
    ${pairs ? html`<p class="hint">${t('link.order_open', { pairs })}</p>` : ''}`;
}

/** The cards, and what they keep of the whole front. */
export function cards(/** @type {Answer} */ answer) {
  const shown = answer.cards.flatMap((id) => answer.itineraries.find((one) => one.id === id) ?? []);
  if (!shown.length) return html`<p class="muted" data-testid="link-none">${t('link.none')}</p>
    <ul>${answer.none_because.map((one) => html`<li class="warn">${pick(one.text)}</li>`)}</ul>`;
  return html`<h3>${t('link.cards', { cards: number(shown.length), all: number(answer.itineraries.length) })}</h3>
    <p class="hint">${t('link.ready_for', { at: moment(linkageStore.ready.value) })} ${answer.itineraries.length >
      shown.length ? t('link.kept', { share: percent(answer.hypervolume_share) }) : ''}</p>
    <div class="link-cards">${shown.map((one, at) => card(one, at + 1))}</div>
    ${(changes.value?.gone ?? []).map((one) => html`<p class="warn" data-testid="link-gone">▲ ${t('link.gone')} ${
      chain(one.legs)}</p>`)}
    <p class="hint">${t('link.on_time_note')}</p>
    ${order(answer)}`;
}
