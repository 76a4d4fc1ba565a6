// @ts-check
/** <sg-scenarios>: the scenarios by area, and the page of the one that is open. */
import { html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Part, define } from '../../core/base.js';
import { day, pick, t } from '../../core/i18n.js';
import { layerSymbol, badge, busy, failure, icon, lawTitle, legalText } from '../widgets.js';
import { openAir } from '../../model/flight.js';
import { openHeat } from '../../model/heat.js';
import { findLayer, layerStore, setShown } from '../../model/layers.js';
import { loadExamples, loadList, openScenario, openTable, reloadPage, scenarioStore } from '../../model/scenarios.js';
import './process_form.js';
import './reports.js';
import './scenario_numbers.js';
import './scenario_units.js';

/** @typedef {import('../../core/types.js').Scenario} Scenario */
/** @typedef {import('../../core/types.js').ScenarioShort} ScenarioShort */
/** @typedef {import('../../core/types.js').ExampleRun} ExampleRun */

/** The process that the desk of low altitude asks. */
const FLYING = 'airspace-check';
const HEAT_LAYER = 'heat_rate';

/** The tag of how mature a scenario is; a sample looks like one. */
const tag = (/** @type {ScenarioShort} */ { maturity }) =>
  html`<span class="tag ${maturity.id}" data-testid="scenario-maturity">${maturity.title}</span>`;

/** A value of an example, as text. */
const told = (/** @type {unknown} */ value) =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

class Scenarios extends Part {
  static properties = { query: { state: true } };

  constructor() {
    super();
    this.query = '';
  }

  render() {
    if (!scenarioStore.id.value) return this.list();
    const page = scenarioStore.page.value;
    const error = scenarioStore.error.value;
    return html`<div class="scenarios">
      <button class="plain back" data-testid="scenario-back"
        @click=${this.leave}>${icon('chevron')}${t('scene.back')}</button>
      ${busy(!page && !error)}
      ${error ? failure(error, reloadPage, 'scenario-retry') : ''}
      ${repeat(page ? [page] : [], ({ id }) => id, (one) => this.page(one))}
    </div>`;
  }

  leave() {
    const left = scenarioStore.id.peek();
    openScenario(null);
    this.updateComplete.then(() => this.focusOn(`[data-id="${left}"]`));
  }

  open(/** @type {string} */ id) {
    openScenario(id);
    this.updateComplete.then(() => this.focusOn('.back'));
  }

  focusOn(/** @type {string} */ selector) {
    /** @type {HTMLElement | null} */ (this.querySelector(selector))?.focus();
  }

  list() {
    const all = scenarioStore.list.value;
    const error = scenarioStore.listError.value;
    const found = (all ?? []).filter((one) => this.found(one));
    const areas = layerStore.catalogue.value?.areas ?? [];
    const known = [...new Set(found.map((one) => one.area))];
    return html`<div class="scenarios">
      ${busy(!all && !error)}
      ${error ? failure(error, loadList, 'scenarios-retry') : ''}
      <input type="search" data-testid="scenarios-filter" aria-label=${t('scene.filter')}
        placeholder=${t('scene.filter')} .value=${this.query}
        @input=${(/** @type {any} */ e) => (this.query = e.target.value)} />
      ${all && !found.length ? html`<p class="muted" data-testid="scenarios-none">${t('scene.none')}</p>` : ''}
      ${known.map((id) => html`<section>
        <h3 class="part">${pick(areas.find((area) => area.id === id)?.title) || id}</h3>
        <ul>${found.filter((one) => one.area === id).map((one) => this.entry(one))}</ul>
      </section>`)}
      <sg-reports></sg-reports>
    </div>`;
  }

  found(/** @type {ScenarioShort} */ one) {
    const rows = one.rows.flatMap(({ id, title }) => [id, title ?? '']);
    const texts = [one.id, one.title, one.question, one.team.title, ...rows];
    const query = this.query.trim().toLowerCase();
    return !query || texts.some((text) => text.toLowerCase().includes(query));
  }

  entry(/** @type {ScenarioShort} */ one) {
    return html`<li><button class="scenario-row" data-testid="scenario" data-id=${one.id}
      @click=${() => this.open(one.id)}>
      <b>${one.title}</b>${tag(one)}
      <span class="muted">${one.rows.map(({ id }) => id).join(' ')} · ${one.team.title}</span>
    </button></li>`;
  }

  page(/** @type {Scenario} */ page) {
    return html`<article data-testid="scenario-page" data-id=${page.id} aria-label=${page.title}>
      <header><h2>${page.title}</h2>${tag(page)}</header>
      <p class="question">${page.question}</p>
      ${this.facts(page)}
      ${this.layers(page)}
      ${page.numbers.length ? html`<h3 class="part">${t('scene.numbers')}</h3><sg-numbers></sg-numbers>` : ''}
      ${page.view.colour ? html`<sg-units></sg-units>` : ''}
      ${page.processes.some(({ id }) => id === FLYING)
        ? html`<div class="actions"><button data-testid="scenario-fly"
            @click=${() => openAir('flight')}>${icon('drone')}${t('search.fly')}</button></div>`
        : ''}
      ${page.view.layers.includes(HEAT_LAYER)
        ? html`<div class="actions"><button data-testid="scenario-heat"
            @click=${() => openHeat()}>${icon('heat')}${t('heat.open')}</button></div>`
        : ''}
      ${page.processes.length ? html`<h3 class="part">${t('scene.processes')}</h3>` : ''}
      ${page.processes.map((step, at) => html`<sg-process .step=${step} .key=${`${page.id}/${at}`}></sg-process>`)}
      ${this.basis(page)}
      ${this.examples(page)}
    </article>`;
  }

  facts(/** @type {Scenario} */ page) {
    const rows = page.rows.map(({ id, title }) => html`<div>${id} ${title ?? ''}</div>`);
    const all = /** @type {[string, unknown][]} */ ([
      [t('scene.users'), page.users.join(t('scene.and'))],
      [t('scene.team'), html`${page.team.title} ${badge(page.team.origin, { bare: true })}`],
      [t('scene.rows'), rows],
    ]);
    return html`<dl>${all.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
  }

  /** The layers in the scenario's order, each with its switch, and the table. */
  layers(/** @type {Scenario} */ page) {
    const { table } = page.view;
    const shown = layerStore.shown.value;
    const known = page.view.layers.flatMap((id) => findLayer(id) ?? []);
    const toggle = (/** @type {string} */ id) => (/** @type {any} */ e) => setShown([id], e.target.checked);
    return html`<h3 class="part">${t('app.layers')}</h3>
      <ul class="scenario-layers">${known.map((layer) => html`<li><label class="check">
        <input type="checkbox" data-testid="scenario-layer-${layer.id}" .checked=${shown.includes(layer.id)}
          ?disabled=${layer.geometry === 'none'} @change=${toggle(layer.id)} />
        ${layerSymbol(layer)}${pick(layer.title)}</label></li>`)}</ul>
      ${table
        ? html`<div class="actions"><button data-testid="scenario-table"
            @click=${() => openTable(table)}>${icon('table')}${t('scene.table')}</button></div>`
        : ''}`;
  }

  basis(/** @type {Scenario} */ page) {
    return html`<h3 class="part">${t('scene.basis')}</h3>
      ${page.basis.map(({ rule, title, in_force: now }) => html`<div class="basis" data-testid="basis">
        <b>${title}</b> <code>${rule}${now ? `@${now.version}` : ''}</code> ${now ? badge(now.origin) : ''}
        ${now?.legal_text ? html`<blockquote>${legalText(now.legal_text)}</blockquote>` : ''}
        ${now
          ? html`<p class="muted">${lawTitle(now.source)} · ${t('scene.since', { day: day(now.valid_from) })}</p>`
          : html`<p class="warn">${t('scene.not_in_force')}</p>`}
      </div>`)}`;
  }

  examples(/** @type {Scenario} */ page) {
    const runs = scenarioStore.examples.value;
    const error = scenarioStore.examplesError.value;
    return html`<h3 class="part">${t('scene.examples')}</h3>
      ${busy(!runs && !error)}
      ${error ? failure(error, loadExamples, 'examples-retry') : ''}
      ${page.examples.map((declared, at) => this.example(runs?.[at] ?? { ...declared, got: [] }))}`;
  }

  example(/** @type {Partial<ExampleRun> & Scenario['examples'][number]} */ example) {
    const got = new Map(example.got?.map((one) => [one.at, one]));
    const mark = example.ok == null ? '' : example.ok ? '✓' : '✗';
    const state = example.ok == null ? '' : t(example.ok ? 'scene.holds' : 'scene.fails');
    return html`<details class="example" data-testid="example" data-ok=${example.ok ?? ''}>
      <summary><span class=${example.ok ? 'ok' : 'warn'} title=${state}><i aria-hidden="true">${mark}</i><span
        class="sr">${state}</span></span> ${example.title}</summary>
      ${example.error ? html`<p class="warn">${example.error}</p>` : ''}
      ${example.skipped ? html`<p>${example.skipped}</p>` : ''}
      <div class="scroll" tabindex="0" role="region" aria-label=${example.title}>
      <table class="plain-table"><thead><tr><th scope="col">${t('scene.at')}</th>
        <th scope="col">${t('scene.expected')}</th><th scope="col">${t('scene.got')}</th></tr></thead>
      <tbody>${example.expected.map(({ at, value, tolerance }) => html`<tr>
        <th scope="row"><code>${at}</code></th>
        <td class="num">${told(value)}${tolerance ? ` ± ${tolerance}` : ''}</td>
        <td class="num ${got.get(at)?.ok === false ? 'warn' : ''}">${told(got.get(at)?.value)}</td></tr>`)}
      </tbody></table></div>
      <h4>${t('scene.given')}</h4>
      <pre tabindex="0" role="region" aria-label=${`${example.title}: ${t('scene.given')}`}>${
        JSON.stringify(example.given, null, 1)}</pre>
    </details>`;
  }
}

define('sg-scenarios', Scenarios);
