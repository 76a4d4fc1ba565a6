// @ts-check
/** Clusters by scan, and density along roads: asked over what is chosen, told as a list and a legend. */
import { html, svg } from 'lit';
import { circleRing } from '../../core/air.js';
import { extent } from '../../core/geo.js';
import { KERNELS, TOOLS, densityBounds, throwsAsStrong } from '../../core/heat.js';
import { nameOf, number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { classColour } from '../../map/colours.js';
import { heatStore, setHeat } from '../../model/heat.js';
import {
  chooseTool, clearTool, foundInputs, foundShown, foundStore, openCluster, runTool, tool,
} from '../../model/heat_found.js';
import { findLayer } from '../../model/layers.js';
import { shellStore } from '../../model/shell.js';
import { failure, icon } from '../widgets.js';
import { recordsText } from './said.js';

/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../model/heat_found.js').Done} Done */

const SHOWN = 10;
/** A circle of one cell has no radius; metres. */
const LEAST_M = 2_000;
/** How near the map goes to a cluster, and to a part of a road. */
const [FAR_ZOOM, NEAR_ZOOM] = [11, 12];
/** The layer that names the classes of roads. */
const ROADS = 'roads';
const valueOf = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value.trim();

/** A number of a tool, blank for that of the rule. */
const numberField = (/** @type {'replications' | 'seed' | 'bandwidth'} */ name) => html`<label class="heat-number">
  <span>${t(`heat.found.${name}`)}</span><input type="text" inputmode="numeric" autocomplete="off" maxlength="12"
    data-testid="heat-${name}" placeholder=${t('heat.found.by_rule')} .value=${heatStore.asked.value[name]}
    @change=${(/** @type {Event} */ e) => setHeat({ [name]: valueOf(e) })} /></label>`;

const kernelField = () => html`<label class="heat-number"><span>${t('heat.found.kernel')}</span>
  <select data-testid="heat-kernel" @change=${(/** @type {Event} */ e) => setHeat({ kernel: valueOf(e) })}>
    ${KERNELS.map((one) => html`<option value=${one} ?selected=${one === heatStore.asked.value.kernel}>${
      t(`heat.found.${one}`)}</option>`)}</select></label>`;

function actions() {
  const run = foundStore.run.value;
  const running = run?.state === 'running';
  return html`<div class="actions">
    <button class="primary" data-testid="heat-found-run" ?disabled=${running || !foundInputs.value}
      @click=${runTool}>${t(`heat.found.run_${tool.value}`)}</button>
    ${run ? html`<button data-testid="heat-found-clear" @click=${clearTool}>${icon('close')}${
      t(running ? 'heat.found.cancel' : 'heat.found.clear')}</button>` : ''}</div>`;
}

/** What the job says of itself while it runs. */
const progress = (/** @type {number} */ percent, /** @type {string} */ message) => html`<div class="heat-progress"
  role="status" data-testid="heat-found-progress"><progress max="100" value=${percent}
    aria-label=${t('app.loading')}></progress>
  <span class="num">${message || t('heat.found.waiting')} ${number(percent)}\u00a0%</span></div>`;

/** Which records the result is of, and whether these are still those that are chosen. */
const records = (/** @type {Done} */ { question, inputs }) => html`
  <p class="hint" data-testid="heat-found-of">${recordsText(question, tool.value === 'scan')}${
    'area' in JSON.parse(inputs) ? ` · ${t('heat.found.in_area')}` : ''}</p>
  ${inputs === foundInputs.value ? '' : html`<p class="hint warn" role="status" data-testid="heat-found-stale">${
    t('heat.found.stale')}</p>`}`;

/** Why a cluster is told: how often chance made as strong a one. */
function significance(/** @type {number} */ p, /** @type {Record<string, any>} */ { parameters, most_p: most }) {
  const { replications, seed } = parameters;
  const as = throwsAsStrong(p, replications);
  return t('heat.found.significant', {
    p: number(p, 4), most: number(most, 3), as: number(as), replications: number(replications), seed });
}

/** One cluster of the list. */
function cluster(/** @type {Feature} */ one, /** @type {Record<string, any>} */ summary) {
  const { rank, cells, events, expected, relative_risk: risk, p, radius_m: radius } = one.properties;
  const county = pick({ zh: one.properties.county_zh, en: one.properties.county_en });
  const go = () => {
    openCluster(rank);
    const circle = circleRing([one.properties.lon, one.properties.lat], Math.max(radius, LEAST_M));
    const box = extent({ type: 'LineString', coordinates: circle });
    if (box) showExtent(box, FAR_ZOOM);
  };
  return html`<li><button class="heat-row" data-testid="heat-cluster" data-rank=${rank}
    aria-pressed=${foundStore.open.value === rank} @click=${go}>
    <span class="heat-name"><b class="num">${rank}</b> ${county} <span class="muted num">${t('heat.found.size', {
      cells: number(cells), km: number(radius / 1000, 1) })}</span></span>
    <b class="num">${t('heat.found.risk', { risk: risk === null ? '∞' : number(risk, 2) })}</b>
    <span class="num">${t('heat.found.expected', { events: number(events), expected: number(expected, 1) })}</span>
    <span class="num muted">${significance(p, summary)}</span>
  </button></li>`;
}

function clusters(/** @type {Done} */ { features, summary }) {
  const { least_p: least, most_p: most, parameters } = summary;
  const none = least === null ? t('heat.found.no_events') : t('heat.found.none', {
    p: number(least, 3), most: number(most, 3), replications: number(parameters.replications),
    seed: parameters.seed });
  return html`${features.length ? '' : html`<p data-testid="heat-found-none">${none}</p>`}
    <ol class="heat-list" data-testid="heat-clusters" data-count=${features.length}>${
      features.slice(0, SHOWN).map((one) => cluster(one, summary))}</ol>
    ${features.length > SHOWN
      ? html`<p class="hint">${t('heat.more', { shown: SHOWN, all: number(features.length) })}</p>` : ''}`;
}

const stroke = (/** @type {number} */ at) => html`<svg class="symbol" viewBox="0 0 22 14" aria-hidden="true">${
  svg`<line x1="2" y1="7" x2="20" y2="7" stroke=${classColour(at, shellStore.theme.value)} stroke-width="5"
    stroke-linecap="round"></line>`}</svg>`;

/** The classes of the density, the highest first. */
function densities(/** @type {number} */ most) {
  const bounds = densityBounds(most);
  const said = (/** @type {number} */ bound) => number(bound, bound < 1 ? 3 : 1);
  return html`<ul class="heat-densities">${bounds.map((bound, at) => html`<li>${stroke(at)}<span class="num">${
    t('heat.found.from', { value: said(bound) })}</span></li>`)}<li>${stroke(bounds.length)}<span class="num">${
      t('heat.found.below', { value: said(bounds[bounds.length - 1]) })}</span></li></ul>`;
}

/** Roads by their highest density: their parts with their mass. */
function roadsOf(/** @type {Feature[]} */ lixels) {
  /** @type {Map<string, { name: string, mass: number, most: number, at: Feature }>} */
  const found = new Map();
  const classes = findLayer(ROADS)?.columns.find(({ name }) => name === 'class')?.values;
  for (const one of lixels) {
    const { ref, road_class: cls, mass, per_km: most } = one.properties;
    const name = [ref, nameOf({ ...one.properties, ref: null })].filter(Boolean).join(' ')
      || [t('heat.found.unnamed'), pick(classes?.[cls]) || cls].filter(Boolean).join(' · ');
    const held = found.get(name) ?? { name, mass: 0, most: 0, at: one };
    const higher = most > held.most ? { most, at: one } : {};
    found.set(name, { ...held, ...higher, mass: held.mass + mass });
  }
  return [...found.values()].sort((a, b) => b.most - a.most);
}

function road(/** @type {ReturnType<typeof roadsOf>[number]} */ { name, mass, most, at }) {
  const go = () => {
    const box = extent(at.geometry);
    if (box) showExtent(box, NEAR_ZOOM);
  };
  return html`<li><button class="heat-row" data-testid="heat-road" @click=${go}><span class="heat-name">${name}</span>
    <span class="num">${t('heat.found.road', { most: number(most, 1), mass: number(mass, 1) })}</span></button></li>`;
}

/** What a density is: method, mass, bandwidth, what lies on no road. */
function densityText(/** @type {Done} */ { summary: { mass, events, off_road: off, cut, parameters } }) {
  return t('heat.found.density', {
    kernel: t(parameters.kernel === 'continuous' ? 'heat.found.continuous' : 'heat.found.discontinuous'),
    bandwidth: number(parameters.bandwidth_m), events: number(events), mass: number(mass, 2), off: number(off),
    cut: number(cut, 2) });
}

function roads(/** @type {Done} */ run) {
  const { mass, events, most_per_km: most } = run.summary;
  const all = roadsOf(run.features);
  return html`<p role="status" data-testid="heat-density" data-mass=${mass} data-events=${events}>${
    densityText(run)}</p>
    ${most === null ? html`<p data-testid="heat-found-none">${t('heat.found.no_events')}</p>` : html`
      ${densities(most)}<p class="hint">${t('heat.found.halves')}</p>
      <ol class="heat-list">${all.slice(0, SHOWN).map(road)}</ol>
      ${all.length > SHOWN
        ? html`<p class="hint">${t('heat.more', { shown: SHOWN, all: number(all.length) })}</p>` : ''}`}`;
}

/** What the map shows of the tool, in one sentence for prints and pictures; blank for nothing. */
export function foundText() {
  const run = foundShown.value;
  if (!run) return '';
  return tool.value === 'scan' ? pick(run.summary.sentence) : densityText(run);
}

function result(/** @type {Done} */ run) {
  const rules = run.summary.rules.map((/** @type {any} */ { key, version }) => `${key}@${version}`).join(' · ');
  return html`<div data-testid="heat-found-result" class="heat-result">
    ${tool.value === 'scan' ? html`<p role="status">${pick(run.summary.sentence)}</p>` : ''}${records(run)}
    ${tool.value === 'scan' ? clusters(run) : roads(run)}
    <p class="hint"><code>${rules}</code></p></div>`;
}

/** The choice of a tool, its numbers, its run, what it found. */
export function found() {
  const run = foundStore.run.value;
  const of = tool.value;
  return html`<section class="heat-found" data-testid="heat-found" aria-label=${t('heat.found')}>
    <h3 class="part">${t('heat.found')}</h3>
    <div class="segments" role="radiogroup" aria-label=${t('heat.found')}>${TOOLS.map((one) => html`<label
      class="segment"><input type="radio" name="heat-tool" value=${one} data-testid="heat-tool-${one}"
        .checked=${one === of} @change=${() => chooseTool(one)} />
      <span>${t(`heat.found.${one}`)}</span></label>`)}</div>
    <p class="hint">${t(`heat.found.note_${of}`)}</p>
    <div class="heat-numbers">${of === 'scan' ? [numberField('replications'), numberField('seed')]
      : [kernelField(), numberField('bandwidth')]}</div>
    ${actions()}
    ${run?.state === 'running' ? progress(run.progress, run.message) : ''}
    ${run?.state === 'failed' ? failure(run.error, runTool, 'heat-found-retry') : ''}
    ${run?.state === 'done' ? result(run) : ''}
  </section>`;
}
