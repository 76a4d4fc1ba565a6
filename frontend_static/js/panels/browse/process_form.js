// @ts-check
/** <sg-process>: a process of a scenario: a form made from its inputs' schemas, a run, what came out. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { fieldKind, plainSchema, sketch } from '../../core/schema.js';
import { number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { busy, failure } from '../widgets.js';
import { layerStore } from '../../model/layers.js';
import { featuresOf, middle, processStore, runStep } from '../../model/process.js';

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
      ${run?.state === 'done' ? html`<div data-testid="process-result">${run.outputs.map(output)}</div>` : ''}
    </details>`;
  }

  submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    this.again();
  }

  again() {
    const form = this.querySelector('form');
    if (form && this.step) runStep(this.key, this.step, new FormData(form));
  }

  field(/** @type {string} */ name, /** @type {ProcessInput} */ input) {
    const needed = Boolean(input.minOccurs);
    const kind = fieldKind(input.schema);
    if (kind === 'places') return this.places(name, input);
    const title = html`<span>${input.title}${needed ? ' *' : ''}</span>`;
    if (kind === 'json') return html`<div class="field"><label>${title}${this.json(name, input.schema, needed)}</label>
      ${this.sketchButton(name, input)}</div>`;
    return html`<label class="field">${title}${this.simple(name, input, needed)}</label>`;
  }

  /** A control for one word, number or yes. */
  simple(/** @type {string} */ name, /** @type {ProcessInput} */ { schema: raw }, /** @type {boolean} */ needed) {
    const schema = plainSchema(raw);
    const usual = raw.default ?? '';
    const kind = fieldKind(raw);
    if (kind === 'choice') {
      return html`<select name=${name}>${needed || usual ? '' : html`<option value=""></option>`}
        ${schema.enum.map((/** @type {string} */ one) => html`<option ?selected=${one === usual}>${one}</option>`)}
      </select>`;
    }
    if (kind === 'flag') return html`<input type="checkbox" name=${name} ?checked=${usual === true} />`;
    if (kind === 'number') {
      return html`<input type="number" name=${name} value=${usual} ?required=${needed} min=${schema.minimum ?? ''}
        max=${schema.maximum ?? ''} step=${schema.type === 'integer' ? 1 : 'any'} />`;
    }
    const hint = schema.format === 'date-time' ? '2026-11-22T18:05:00+08:00' : '';
    return html`<input type="text" name=${name} value=${usual} placeholder=${hint} ?required=${needed} />`;
  }

  json(/** @type {string} */ name, /** @type {any} */ schema, /** @type {boolean} */ needed) {
    const usual = schema.default === undefined || schema.default === null ? '' : JSON.stringify(schema.default);
    return html`<textarea name=${name} rows="3" spellcheck="false" ?required=${needed} .defaultValue=${usual}
      placeholder="JSON"></textarea>`;
  }

  /** Places: the features of a layer, or points of one's own. */
  places(/** @type {string} */ name, /** @type {ProcessInput} */ input) {
    const layers = (layerStore.catalogue.value?.layers ?? []).filter((layer) => layer.geometry !== 'none');
    return html`<fieldset class="field"><legend>${input.title}${input.minOccurs ? ' *' : ''}</legend>
      <label><span>${t('scene.layer')}</span><select name="${name}.layer">
        <option value="">${t('scene.own_points')}</option>
        ${layers.map(({ id, title }) => html`<option value=${id}>${pick(title)}</option>`)}</select></label>
      <label><span>${t('scene.cql')}</span><input type="text" name="${name}.filter" maxlength="2000"
        spellcheck="false" placeholder="CQL2" /></label>
      <label><span>${t('scene.own_points')}</span>${this.json(name, {}, false)}</label>
      ${this.sketchButton(name, input)}</fieldset>`;
  }

  sketchButton(/** @type {string} */ name, /** @type {ProcessInput} */ { title, schema }) {
    const fill = () => {
      const area = /** @type {HTMLTextAreaElement | null} */ (this.querySelector(`textarea[name="${name}"]`));
      if (area) area.value = JSON.stringify(sketch(schema, middle()), null, 1);
    };
    const label = `${t('scene.sketch')}: ${title}`;
    return html`<button type="button" class="small" data-testid="process-sketch" aria-label=${label}
      @click=${fill}>${t('scene.sketch')}</button>`;
  }
}

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
