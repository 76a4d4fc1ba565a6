// @ts-check
/** <sg-whynot>: which edges refuse the vehicle, by which law, and what must give for it to pass. */
import { html } from 'lit';
import { request } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { closable } from '../../core/catalog.js';
import { extent } from '../../core/geo.js';
import { duration, maybe, number, pick, t } from '../../core/i18n.js';
import { recompute } from '../../model/path.js';
import { select } from '../../model/select.js';
import { data } from '../../core/store.js';
import { showExtent } from '../../map/camera.js';
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
  if (value === null || value === undefined) return t('inspect.null');
  if (typeof value === 'number') return `${number(value, 2)} ${UNITS[limitKey(limit)] ?? ''}`.trim();
  if (Array.isArray(value)) return value.map((part) => (typeof part === 'string' ? maybe(`limit.${limitKey(part)}`, part) : JSON.stringify(part))).join('、');
  return maybe(`hazmat.${value}`, String(value));
}

/** Rows of the same edge together, in the order in which the edges block. @returns {Blocking[][]} */
export function byEdge(/** @type {Blocking[]} */ rows) {
  /** @type {Map<string, Blocking[]>} */
  const found = new Map();
  for (const row of rows) found.set(row.edge, [...(found.get(row.edge) ?? []), row]);
  return [...found.values()];
}

/** The laws behind some rows, each once. @returns {{ text: string, source: string }[]} */
function laws(/** @type {Blocking[]} */ rows) {
  const found = new Map(rows.filter((row) => row.legal_text).map((row) => [pick(row.legal_text), { text: pick(row.legal_text), source: pick(row.law) }]));
  return [...found.values()];
}

class WhyNot extends Part {
  static properties = { problem: { attribute: false }, held: { state: true } };

  constructor() {
    super();
    /** @type {import('../../core/api.js').Problem | null} */
    this.problem = null;
    /** The relaxation that a click keeps on the map. @type {number | null} */
    this.held = null;
  }

  willUpdate(/** @type {Map<string, unknown>} */ changed) {
    if (!changed.has('problem')) return;
    this.held = null;
    data.relaxation.value = null;
    this.locate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    data.blocking.value = [];
    data.relaxation.value = null;
  }

  /** Fetch the geometry of the edges that refuse, to draw them. */
  async locate() {
    const asked = this.problem;
    const ids = [...new Set(/** @type {Blocking[]} */ (asked?.body.edges ?? []).map((edge) => edge.edge))];
    data.blocking.value = [];
    const layer = this.layer();
    if (!layer || !ids.length) return;
    const params = { filter: `id IN (${ids.map((id) => `'${id}'`).join(',')})`, limit: ids.length };
    const found = await request(layer.items, { params });
    if (asked === this.problem && this.isConnected) data.blocking.value = found.features;
  }

  layer() {
    return data.catalogue.value?.layers.find((entry) => closable(entry) && entry.geometry === 'line');
  }

  render() {
    const body = this.problem?.body ?? {};
    const edges = byEdge(body.edges ?? []);
    const ways = /** @type {Relaxation[]} */ (body.relaxations ?? []);
    return html`<section class="whynot" data-testid="whynot" aria-label=${t('why.title')}>
      <h3>${icon('barrier')} ${t('why.title')}</h3>
      <p role="alert">${t('why.lead')} <span class="muted">${this.problem?.mend}</span></p>
      <h4>${t('why.edges', { count: number(edges.length) })}</h4>
      <ol class="blocking">${edges.map((rows, index) => this.edge(rows, index))}</ol>
      ${laws(body.edges ?? []).map((law) => html`<blockquote data-testid="why-law">${legalText(law.text)}<cite>${lawTitle(law.source)}</cite></blockquote>`)}
      ${ways.length ? html`<h4>${t('why.give')}</h4><ol class="ways">${ways.map((way, index) => this.way(way, index))}</ol>` : html`<p class="muted" data-testid="why-none">${t('why.none')}</p>`}
      <button data-testid="path-retry" @click=${recompute}>${t('app.retry')}</button>
    </section>`;
  }

  edge(/** @type {Blocking[]} */ rows, /** @type {number} */ index) {
    const [first] = rows;
    const name = [first.ref, pick(first.name)].filter(Boolean).join(' ') || t('why.unnamed', { id: first.edge.slice(-6) });
    return html`<li><button class="why-edge" data-testid="why-edge" data-edge=${first.edge} title=${t('inspect.zoom')} @click=${() => this.show(first)}>
        <b><span class="tag">${index + 1}</span> ${name}</b>
        ${rows.map((row) => html`<span class="num">${limitName(row.limit)} <b class="bad">${said(row.limit, row.value)}</b> · ${t('why.vehicle')} ${said(row.limit, row.vehicle)}</span>`)}
        <span class="muted">${t('inspect.source')} ${pick(first.source)} ${first.origin ? badge(first.origin) : ''}</span></button></li>`;
  }

  way(/** @type {Relaxation} */ way, /** @type {number} */ index) {
    const show = (/** @type {number | null} */ which) => (data.relaxation.value = which ?? this.held);
    const give = way.give.map((entry) => `${limitName(entry.limit)} ${said(entry.limit, entry.from)} → ${said(entry.limit, entry.to)}`);
    return html`<li><button class="way ${this.held === index ? 'on' : ''}" data-testid="why-way" aria-pressed=${this.held === index}
      @mouseenter=${() => show(index)} @mouseleave=${() => show(null)} @focus=${() => show(index)} @blur=${() => show(null)} @click=${() => this.hold(way, index)}>
      <span class="figures"><b>${duration(way.duration_s)}</b><b class="minor">${number(way.length_m / 1000, 1)}<small> km</small></b></span>
      <span>${give.map((text) => html`<span class="give">${text}</span>`)}</span>
      <span class="muted">${t('why.places', { count: number(way.places) })}</span></button></li>`;
  }

  hold(/** @type {Relaxation} */ way, /** @type {number} */ index) {
    this.held = this.held === index ? null : index;
    data.relaxation.value = this.held;
    const box = extent(way.geometry);
    if (box && this.held !== null) showExtent(box);
  }

  /** Zoom to an edge; the inspector stays one tab away. */
  show(/** @type {Blocking} */ edge) {
    const found = data.blocking.peek().find((entry) => entry.id === edge.edge);
    const box = found && extent(found.geometry);
    const layer = this.layer();
    if (box) showExtent(box);
    else if (layer) select({ layer: layer.id, id: edge.edge }, true);
  }
}

define('sg-whynot', WhyNot);
