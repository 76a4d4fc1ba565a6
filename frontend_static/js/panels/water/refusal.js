// @ts-check
/** What stops a vessel: each edge with the limits that it breaks, and what must give. */
import { html } from 'lit';
import { extent } from '../../core/geo.js';
import { duration, number, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { voyageStore } from '../../model/voyage.js';
import { icon } from '../widgets.js';
import { edgeRows, limitName } from './limits.js';

/** @typedef {import('../../core/types.js').WaterEdge} WaterEdge */

function show(/** @type {string} */ id) {
  const found = voyageStore.blocking.peek().find((one) => one.id === id);
  const box = found && extent(found.geometry);
  if (box) showExtent(box);
}

/** Edges in the order in which they stop the vessel; each can be shown on the map. */
export const edgeList = (/** @type {WaterEdge[]} */ edges) => html`<ol class="blocking">
  ${edges.map((edge) => html`<li><button class="why-edge" data-testid="water-edge" data-edge=${edge.edge}
    title=${t('inspect.zoom')} @click=${() => show(edge.edge)}>${edgeRows(edge)}</button></li>`)}</ol>`;

const sizeName = (/** @type {string} */ limit) => limitName(
  /** @type {Record<string, string>} */ ({ depth_m: 'depth', clearance_m: 'clearance', width_m: 'width',
    max_length_m: 'length', tonnage_t: 'tonnage' })[limit] ?? limit);

/** A refused voyage. */
export function refusal(/** @type {any} */ problem) {
  const edges = /** @type {WaterEdge[]} */ (problem.body.limits ?? []);
  const ways = problem.body.relaxations ?? [];
  return html`<section class="water-refusal" data-testid="water-refusal" aria-label=${t('why.title')}>
    <h3>${icon('barrier')} ${t('water.refused')}</h3>
    <p role="alert">${problem.message} <span class="muted">${problem.mend}</span></p>
    ${edgeList(edges)}
    ${ways.length ? html`<h4>${t('why.give')}</h4><ol class="ways">${ways.map((/** @type {any} */ way) => html`<li>
      <span class="figures"><b>${duration(way.duration_s)}</b><b
        class="minor">${number(way.length_m / 1000, 1)}<small> km</small></b></span>
      ${way.give.map((/** @type {any} */ { limit, from, to }) => html`<span
        class="give">${sizeName(limit)} ${number(from, 2)} → ${number(to, 2)}</span>`)}</li>`)}</ol>` : ''}
  </section>`;
}
