// @ts-check
/** The period in slices, one after the other: weeks, or months where hours are chosen. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { heatSlices, heatStore, pauseHeat, playHeat, setHeat, shownPeriod, stepSlice } from '../../model/heat.js';
import { icon } from '../widgets.js';

const step = (/** @type {1 | -1} */ by) => () => {
  pauseHeat();
  stepSlice(by);
};

/** Steps, player and slider of the slices. */
export function slices() {
  const all = heatSlices.value;
  const { slice, hours } = heatStore.asked.value;
  const playing = heatStore.player.value !== null;
  if (all.length < 2) return '';
  const period = slice === '' ? null : shownPeriod.value;
  const said = period ? `${period[0]} – ${period[1]}` : t('heat.slices.whole');
  const slide = (/** @type {any} */ event) => {
    pauseHeat();
    setHeat({ slice: event.target.value });
  };
  return html`<section class="heat-slices" aria-label=${t(hours ? 'heat.slices.month' : 'heat.slices.week')}>
    <div class="actions">
      <button data-testid="heat-slice-back" aria-label=${t('heat.slices.back')} @click=${step(-1)}>‹</button>
      <button data-testid="heat-play" aria-pressed=${playing} aria-label=${t(playing ? 'heat.pause' : 'heat.play')}
        @click=${playing ? pauseHeat : playHeat}>${icon(playing ? 'pause' : 'play')}</button>
      <button data-testid="heat-slice-next" aria-label=${t('heat.slices.next')} @click=${step(1)}>›</button>
      <button data-testid="heat-slice-whole" ?disabled=${slice === ''} @click=${() => {
        pauseHeat();
        setHeat({ slice: '' });
      }}>${t('heat.slices.whole')}</button>
    </div>
    <input type="range" min="0" max=${all.length - 1} step="1" data-testid="heat-slice"
      aria-label=${t(hours ? 'heat.slices.month' : 'heat.slices.week')} aria-valuetext=${said}
      .value=${slice === '' ? '0' : slice} @input=${slide} />
    <p class="num hint" data-testid="heat-slice-said">${t(hours ? 'heat.slices.month' : 'heat.slices.week')} ${
      slice === '' ? all.length : `${Number(slice) + 1}/${all.length}`} · ${said}</p>
  </section>`;
}
