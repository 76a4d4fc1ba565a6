// @ts-check
/** <sg-whynot>: which edges refuse the vehicle, by which law, and what must give for it to pass. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { duration, maybe, number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { recompute } from '../../model/path.js';
import { holdRelaxation, planStore, pointAtRelaxation } from '../../model/plan.js';
import { edgeLayer, refusal } from '../../model/refusal.js';
import { select } from '../../model/selection.js';
import { badge, icon, lawTitle, legalText } from '../widgets.js';

/** @typedef {import('../../core/types.js').Blocking} Blocking */
/** @typedef {import('../../core/types.js').Relaxation} Relaxation */

const UNITS = /** @type {Record<string, string>} */ ({ height: 'm', width: 'm', length: 'm', mass: 't', axle: 't' });
const PREFIX = /^max_/;

/** Limits come as max_height or max_height_m. */
const limitKey = (/** @type {string} */ limit) => limit.replace(PREFIX, '').replace(/_[mt]$/, '');
const limitName = (/** @type {string} */ limit) => maybe(`limit.${limitKey(limit)}`, limit);

/** Say a limit's value, or a vehicle's. */
function said(/** @type {string} */ limit, /** @type {unknown} */ value) {
  const part = (/** @type {unknown} */ one) =>
    typeof one === 'string' ? maybe(`limit.${limitKey(one)}`, one) : JSON.stringify(one);
  if (value === null || value === undefined) return t('inspect.null');
  if (typeof value === 'number') return `${number(value, 2)} ${UNITS[limitKey(limit)] ?? ''}`.trim();
  if (Array.isArray(value)) return value.map(part).join('、');
  return maybe(`hazmat.${value}`, String(value));
}

/** Rows of the same edge together, in the order in which the edges block. @returns {Blocking[][]} */
function byEdge(/** @type {Blocking[]} */ rows) {
  /** @type {Map<string, Blocking[]>} */
  const found = new Map();
  for (const row of rows) found.set(row.edge, [...(found.get(row.edge) ?? []), row]);
  return [...found.values()];
}

/** The laws behind some rows, each once. */
function laws(/** @type {Blocking[]} */ rows) {
  const legal = rows.filter((row) => row.legal_text);
  const found = new Map(legal.map((row) => [pick(row.legal_text), pick(row.law)]));
  return [...found].map(([text, source]) => html`<blockquote
    data-testid="why-law">${legalText(text)}<cite>${lawTitle(source)}</cite></blockquote>`);
}

class WhyNot extends Part {
  render() {
    const problem = refusal();
    const rows = /** @type {Blocking[]} */ (problem?.body.edges ?? []);
    const edges = byEdge(rows);
    const ways = /** @type {Relaxation[]} */ (problem?.body.relaxations ?? []);
    return html`<section class="whynot" data-testid="whynot" aria-label=${t('why.title')}>
      <h3>${icon('barrier')} ${t('why.title')}</h3>
      <p role="alert">${t('why.lead')} <span class="muted">${problem?.mend}</span></p>
      <h4>${t('why.edges', { count: number(edges.length) })}</h4>
      <ol class="blocking">${edges.map((one, index) => this.edge(one, index))}</ol>
      ${laws(rows)}
      ${ways.length
        ? html`<h4>${t('why.give')}</h4><ol class="ways">${ways.map((way, index) => this.way(way, index))}</ol>`
        : html`<p class="muted" data-testid="why-none">${t('why.none')}</p>`}
      <button data-testid="path-retry" @click=${recompute}>${t('app.retry')}</button>
    </section>`;
  }

  edge(/** @type {Blocking[]} */ rows, /** @type {number} */ index) {
    const [first] = rows;
    const origin = first.origin ? badge(first.origin) : '';
    const unnamed = t('why.unnamed', { id: first.edge.slice(-6) });
    const name = [first.ref, pick(first.name)].filter(Boolean).join(' ') || unnamed;
    const limit = (/** @type {Blocking} */ row) => html`<span class="num">${limitName(row.limit)} <b
      class="bad">${said(row.limit, row.value)}</b> · ${t('why.vehicle')} ${said(row.limit, row.vehicle)}</span>`;
    return html`<li><button class="why-edge" data-testid="why-edge" data-edge=${first.edge} title=${t('inspect.zoom')}
        @click=${() => this.show(first)}>
        <b><span class="tag">${index + 1}</span> ${name}</b>
        ${rows.map(limit)}
        <span class="muted">${t('inspect.source')} ${pick(first.source)} ${origin}</span></button></li>`;
  }

  way(/** @type {Relaxation} */ way, /** @type {number} */ index) {
    const held = planStore.held.value === index;
    const point = () => pointAtRelaxation(index);
    const leave = () => pointAtRelaxation(null);
    const give = way.give.map(({ limit, from, to }) => `${limitName(limit)} ${said(limit, from)} → ${said(limit, to)}`);
    return html`<li><button class="way ${held ? 'on' : ''}" data-testid="why-way" aria-pressed=${held}
      @mouseenter=${point} @mouseleave=${leave} @focus=${point} @blur=${leave} @click=${() => this.hold(way, index)}>
      <span class="figures"><b>${duration(way.duration_s)}</b><b
        class="minor">${number(way.length_m / 1000, 1)}<small> km</small></b></span>
      <span>${give.map((text) => html`<span class="give">${text}</span>`)}</span>
      <span class="muted">${t('why.places', { count: number(way.places) })}</span></button></li>`;
  }

  /** Keep a way on the map, or let it go. */
  hold(/** @type {Relaxation} */ way, /** @type {number} */ index) {
    const held = planStore.held.peek() === index ? null : index;
    holdRelaxation(held);
    const box = extent(way.geometry);
    if (box && held !== null) showExtent(box);
  }

  /** Zoom to an edge; the inspector stays one tab away. */
  show(/** @type {Blocking} */ edge) {
    const found = planStore.blocking.peek().find((entry) => entry.id === edge.edge);
    const box = found && extent(found.geometry);
    const layer = edgeLayer();
    if (box) showExtent(box);
    else if (layer) select({ layer: layer.id, id: edge.edge }, true);
  }
}

define('sg-whynot', WhyNot);
