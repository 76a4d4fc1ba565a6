// @ts-check
/** The legend as sentences, with the states that have no value and why the busiest cell is no worse than others. */
import { html } from 'lit';
import { number, pick, t } from '../../core/i18n.js';
import { heatLayer, heatSurface } from '../../model/heat.js';
import { busiest } from '../../model/heat_list.js';
import { countedText, daysText } from './said.js';
import { sign } from './sign.js';

export const percent = (/** @type {number} */ share, digits = 1) => `${number(share * 100, digits)}\u00a0%`;

/** Why the cell with most events is where it is: n, looks, rank by rate. */
export function whySentence() {
  const found = busiest.value;
  if (!found) return '';
  const { row, rank, of } = found;
  const told = t('heat.busiest', {
    cell: row.name, events: number(row.events), exposure: number(row.exposure), rate: percent(row.value ?? 0),
    rank: number(rank), of: number(of),
  });
  return row.mostly_patrol ? `${told}${t('heat.more_looks')}` : told;
}

/** The legend of the surface on show. */
export function legend() {
  const surface = heatSurface.value;
  if (!surface) return '';
  const why = whySentence();
  return html`<section class="heat-legend" data-testid="heat-legend" aria-label=${t('export.legend')}>
    <h3 class="part">${pick(surface.title)} <small class="muted">${pick(surface.unit)}</small></h3>
    <p class="hint num" data-testid="heat-shown">${daysText()}</p>
    <p class="hint" data-testid="heat-counted">${countedText()}</p>
    <ul>${surface.entries.map((entry) => html`<li>${sign(entry)}<span>${pick(entry.label)}</span></li>`)}
      <li><svg class="symbol" viewBox="0 0 22 14" aria-hidden="true"><rect x="1.5" y="1.5" width="19" height="11"
        rx="1.5" fill="none" stroke="var(--edge)" stroke-dasharray="2 2"></rect></svg>
        <span>${t('heat.no_cell')}</span></li>
    </ul>
    ${why ? html`<p class="heat-why" data-testid="heat-why">${why}</p>` : ''}
    <p class="hint">${pick(heatLayer.value?.description)} ${surface.rule
      ? html`<code>${surface.rule.key}@${surface.rule.version}</code>` : t('scene.not_in_force')}</p>
  </section>`;
}
