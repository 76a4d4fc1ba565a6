// @ts-check
/** <sg-water>: the desk of waterways: a vessel, its voyage, what it may load, the chart. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { INPUT_PATTERN, t } from '../../core/i18n.js';
import { startDraw } from '../../model/draw.js';
import {
  askVoyage, chartShown, placesOf, refused, setVoyage, showChart, voyageStore,
} from '../../model/voyage.js';
import { BOARD, lockStore, openLock } from '../../model/lock.js';
import { busy, failure, icon } from '../widgets.js';
import { answer } from './answer.js';
import { loading } from './loading.js';
import { refusal } from './refusal.js';

/** @typedef {import('../../core/voyage.js').Draft} Draft */

const FIELDS = /** @type {const} */ (['draught', 'air', 'beam', 'length', 'tonnage', 'light']);

/** The desk of locks is fetched when it is first opened. */
const openLockDesk = () => void import('../lock/lock.js');

class Water extends Part {
  render() {
    const locks = lockStore.current.value !== null;
    const view = (/** @type {boolean} */ on, /** @type {'voyage' | 'locks'} */ name, /** @type {string | null} */ to) =>
      html`<label class="segment"><input type="radio" name="water-view" data-testid="water-view-${name}"
        .checked=${on} @change=${() => openLock(to)} /><span>${
        t(`water.view.${name}`)}</span></label>`;
    return html`<div class="water-view segments" role="radiogroup" aria-label=${t('water.view')}>
        ${view(!locks, 'voyage', null)}${view(locks, 'locks', BOARD)}</div>
      ${locks ? (openLockDesk(), html`<sg-lock></sg-lock>`) : this.voyage()}`;
  }

  voyage() {
    const draft = voyageStore.draft.value;
    const error = voyageStore.error.value;
    return html`<section class="water" data-testid="water" aria-label=${t('side.water')}>
      <label class="check"><input type="checkbox" data-testid="water-chart" .checked=${chartShown.value}
        @change=${(/** @type {any} */ e) => showChart(e.target.checked)} /><span>${t('water.chart')}</span></label>
      <form class="water-form" @submit=${this.submit}>
        ${this.places(draft)}
        <div class="sizes">${FIELDS.map((name) => this.size(draft, name))}</div>
        <label class="field"><span>${t('water.from')}</span><input type="text" class="num" data-testid="water-from"
          pattern=${INPUT_PATTERN} placeholder=${t('water.now')} title="2026-11-22 18:00" .value=${draft.from}
          @change=${(/** @type {any} */ e) => setVoyage({ from: e.target.value.trim() })} /></label>
        <div class="actions"><button class="primary" data-testid="water-ask"
          ?disabled=${!placesOf(draft)}>${t('water.ask')}</button></div>
      </form>
      ${busy(voyageStore.working.value)}
      ${error ? (refused() ? refusal(refused()) : failure(error, askVoyage)) : ''}
      ${answer()}
      ${loading()}
    </section>`;
  }

  places(/** @type {Required<Draft>} */ draft) {
    return html`<label class="water-places"><span>${t('water.places')}</span><textarea rows="2" class="num"
        data-testid="water-places" placeholder="121.060, 30.140&#10;121.410, 30.200" .value=${draft.places}
        @change=${(/** @type {any} */ e) => setVoyage({ places: e.target.value })}></textarea></label>
      <div class="actions"><button type="button" data-testid="water-draw"
        @click=${() => startDraw('line', 'voyage')}>${icon('path')}<span>${t('water.draw')}</span></button></div>`;
  }

  size(/** @type {Required<Draft>} */ draft, /** @type {typeof FIELDS[number]} */ name) {
    return html`<label>${t(`water.${name}`)}<input type="number" min="0" step="any" inputmode="decimal"
      data-testid="water-${name}" .value=${draft[name]}
      @change=${(/** @type {any} */ e) => setVoyage({ [name]: e.target.value })} /></label>`;
  }

  submit(/** @type {Event} */ event) {
    event.preventDefault();
    askVoyage();
  }
}

define('sg-water', Water);
