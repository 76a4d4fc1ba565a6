// @ts-check
/** <sg-process>: a process of a scenario: a form made from its inputs' schemas, a run, what came out. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { compare } from '../../core/difference.js';
import { extent } from '../../core/geo.js';
import { number, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { busy, failure } from '../widgets.js';
import { featuresOf, inputsOf, keepBaseline, processStore, runStep, setInput } from '../../model/process.js';
import { drawField } from './schema_fields.js';

/** @typedef {import('../../core/types.js').ProcessStep} ProcessStep */
/** @typedef {import('../../core/types.js').ProcessInput} ProcessInput */
/** @typedef {import('../../model/process.js').Output} Output */

const MOST_ROWS = 50;
const DIGITS = 3;
/** Characters of JSON that a cell shows at once. */
const SHORT = 48;

/** A value of a result, in one cell. */
function cell(/** @type {unknown} */ value) {
  if (value === null || value === undefined) return html`<span class="null">–</span>`;
  if (typeof value === 'number') return number(value, DIGITS);
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value !== 'object') return String(value);
  const text = JSON.stringify(value);
  if (text.length <= SHORT) return html`<code>${text}</code>`;
  return html`<details><summary><code>${text.slice(0, SHORT)}…</code></summary>
    <pre>${JSON.stringify(value, null, 1)}</pre></details>`;
}

const isRecord = (/** @type {unknown} */ value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class ProcessForm extends Part {
  static properties = { step: { attribute: false }, key: { attribute: false } };

  constructor() {
    super();
    /** @type {ProcessStep | null} */
    this.step = null;
    this.key = '';
  }

  render() {
    const { step } = this;
    if (!step) return html``;
    const run = processStore.runs.value[this.key];
    const running = run?.state === 'running';
    return html`<details class="process" data-testid="process-${step.id}">
      <summary>${step.title}</summary>
      <p class="muted">${step.description}</p>
      <form @submit=${this.submit}>
        ${Object.entries(step.fixed).map(([name, { title, value }]) => html`<p class="muted" data-name=${name}>${title}:
          <code>${JSON.stringify(value)}</code></p>`)}
        ${Object.entries(step.editable).map(([name, input]) => this.field(name, input))}
        <div class="actions"><button type="submit" class="primary" data-testid="process-run"
          ?disabled=${running}>${t('scene.run')}</button></div>
      </form>
      ${busy(running)}
      ${run?.state === 'failed' ? failure(run.error, () => this.again(), 'process-retry') : ''}
      ${run?.state === 'done' ? html`<div data-testid="process-result">${this.compared(run.outputs)}
        ${run.outputs.map(output)}</div>` : ''}
    </details>`;
  }

  /** A switch that keeps this run as the baseline, and the difference of later ones from it. */
  compared(/** @type {Output[]} */ outputs) {
    const base = processStore.baselines.value[this.key];
    const button = html`<button type="button" class="small" data-testid="process-baseline" aria-pressed=${Boolean(base)}
      @click=${() => keepBaseline(this.key, !base)}>${t('scene.baseline')}</button>`;
    return html`<div class="actions">${button}</div>${base && base !== outputs ? difference(base, outputs) : ''}`;
  }

  submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    this.again();
  }

  again() {
    if (this.step) runStep(this.key, this.step);
  }

  field(/** @type {string} */ name, /** @type {ProcessInput} */ { schema, title, minOccurs }) {
    const value = inputsOf(this.key)[name];
    const set = (/** @type {unknown} */ next) => setInput(this.key, name, next);
    return drawField({ schema, title, name, needed: Boolean(minOccurs), value, set });
  }
}

/** The numbers of the baseline and of a run side by side. */
function difference(/** @type {Output[]} */ before, /** @type {Output[]} */ after) {
  const by = (/** @type {import('../../core/difference.js').Change} */ one) =>
    one.before === null || one.after === null ? null : one.after - one.before;
  const row = (/** @type {import('../../core/difference.js').Change} */ one) => html`<tr><th scope="row">${one.at}</th>
    <td class="num">${cell(one.before)}</td><td class="num">${cell(one.after)}</td>
    <td class="num">${signed(by(one))}</td></tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('scene.difference')}
      data-testid="process-difference">
    <table class="plain-table"><thead><tr><th scope="col">${t('scene.difference')}</th>
      <th scope="col">${t('scene.before')}</th><th scope="col">${t('scene.after')}</th>
      <th scope="col">±</th></tr></thead><tbody>${compare(before, after).map(row)}</tbody></table></div>`;
}

const signed = (/** @type {number | null} */ by) =>
  by === null ? '–' : `${by > 0 ? '+' : by < 0 ? '−' : '±'}${number(Math.abs(by), DIGITS)}`;

/** Draw an output: features on the map, rows as a table, an object as a list, else as it is. */
function output(/** @type {Output} */ { name, title, value }) {
  return html`<section data-name=${name}><h4>${title}</h4>${drawn(title, value)}</section>`;
}

function drawn(/** @type {string} */ title, /** @type {any} */ value) {
  if (value?.type === 'FeatureCollection') return onMap(featuresOf(value));
  if (Array.isArray(value) && value.length && value.every(isRecord)) return rows(title, value);
  if (isRecord(value)) {
    return html`<dl>${Object.entries(value).map(([key, one]) => html`<div><dt>${key}</dt><dd
      class="num">${cell(one)}</dd></div>`)}</dl>`;
  }
  return html`<pre tabindex="0" role="region" aria-label=${title}>${JSON.stringify(value, null, 1)}</pre>`;
}

function onMap(/** @type {import('../../core/types.js').Feature[]} */ features) {
  const geometries = features.map(({ geometry }) => geometry);
  const box = features.length ? extent({ type: 'GeometryCollection', geometries }) : null;
  return html`<p>${t('scene.on_map', { count: number(features.length) })}
    ${box ? html`<button class="small" @click=${() => showExtent(box)}>${t('inspect.zoom')}</button>` : ''}</p>`;
}

function rows(/** @type {string} */ title, /** @type {Record<string, unknown>[]} */ all) {
  const columns = [...new Set(all.slice(0, MOST_ROWS).flatMap((row) => Object.keys(row)))];
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${title}>
    <table class="plain-table"><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
    <tbody>${all.slice(0, MOST_ROWS).map((row) => html`<tr>${columns.map((column) => html`<td
      class="num">${cell(row[column])}</td>`)}</tr>`)}</tbody></table></div>
    ${all.length > MOST_ROWS
      ? html`<p class="muted">${t('scene.first_of', { shown: MOST_ROWS, count: all.length })}</p>`
      : ''}`;
}

define('sg-process', ProcessForm);
