// @ts-check
/** Fields of a form made from a JSON Schema: words, numbers, places, and lists and groups of them. */
import { html } from 'lit';
import { fieldKind, plainSchema, sketch } from '../../core/schema.js';
import { pick, t } from '../../core/i18n.js';
import { layerStore } from '../../model/layers.js';
import { middle } from '../../model/process.js';

/**
 * @typedef {object} Field
 * @property {any} schema
 * @property {string} title
 * @property {string} name - path of the value, with dots
 * @property {boolean} needed
 * @property {any} value - as filled in; undefined where nothing is
 * @property {(value: any) => void} set
 */

const target = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target);
const entered = (/** @type {Event} */ event) => (target(event).value === '' ? '' : target(event).valueAsNumber);
const titled = (/** @type {Field} */ { title, needed }) => `${title}${needed ? ' *' : ''}`;

/** @type {Record<import('../../core/schema.js').FieldKind, (field: Field, schema: any) => unknown>} */
const DRAW = { choice, flag, number, text, point, lines, list, object, places, json };

/** Draw the field of a schema. */
export const drawField = (/** @type {Field} */ field) =>
  DRAW[fieldKind(field.schema)](field, plainSchema(field.schema));

const labelled = (/** @type {Field} */ field, /** @type {unknown} */ control) =>
  html`<label class="field"><span>${titled(field)}</span>${control}</label>`;

/** What is shown where nothing is filled in. */
const usual = (/** @type {Field} */ { schema, value }) => value ?? schema.default ?? '';

function choice(/** @type {Field} */ field, /** @type {any} */ schema) {
  const now = usual(field);
  const set = (/** @type {Event} */ e) => field.set(target(e).value);
  const option = (/** @type {string} */ one) => html`<option ?selected=${one === now}>${one}</option>`;
  return labelled(field, html`<select name=${field.name} @change=${set}>
    ${field.needed || field.schema.default ? '' : html`<option value=""></option>`}
    ${schema.enum.map(option)}</select>`);
}

function flag(/** @type {Field} */ field) {
  return labelled(field, html`<input type="checkbox" name=${field.name} .checked=${usual(field) === true}
    @change=${(/** @type {Event} */ e) => field.set(target(e).checked)} />`);
}

function number(/** @type {Field} */ field, /** @type {any} */ schema) {
  const set = (/** @type {Event} */ e) => field.set(entered(e));
  return labelled(field, html`<input type="number" name=${field.name} .value=${String(usual(field))}
    ?required=${field.needed} min=${schema.minimum ?? ''} max=${schema.maximum ?? ''}
    step=${schema.type === 'integer' ? 1 : 'any'} @change=${set} />`);
}

function text(/** @type {Field} */ field, /** @type {any} */ schema) {
  const hint = schema.format === 'date-time' ? '2026-11-22T18:05:00+08:00' : '';
  return labelled(field, html`<input type="text" name=${field.name} .value=${String(usual(field))} placeholder=${hint}
    ?required=${field.needed} @change=${(/** @type {Event} */ e) => field.set(target(e).value.trim())} />`);
}

/** How a line becomes a value of a list. @type {Record<string, (line: string) => unknown>} */
const LINE = { text: String, number: Number, point: (line) => line.split(/[\s,]+/).map(Number) };

/** One value in each line; a place as longitude and latitude. */
function lines(/** @type {Field} */ field, /** @type {any} */ schema) {
  const kind = fieldKind(schema.items);
  const set = (/** @type {Event} */ e) =>
    field.set(target(e).value.split('\n').map((line) => line.trim()).filter(Boolean).map(LINE[kind]));
  const hint = t(kind === 'point' ? 'scene.lines_of_places' : 'scene.lines');
  const shown = (usual(field) || []).map((/** @type {any} */ one) => (kind === 'point' ? one.join(', ') : one));
  return labelled(field, html`<textarea name=${field.name} rows="3" spellcheck="false" ?required=${field.needed}
    placeholder=${hint} .value=${shown.join('\n')} @change=${set}></textarea>`);
}

/** Longitude and latitude; the middle of the map on request. */
function point(/** @type {Field} */ field) {
  const now = field.value ?? ['', ''];
  const edge = (/** @type {number} */ at, /** @type {string} */ label, /** @type {number} */ most) => {
    const set = (/** @type {Event} */ e) =>
      field.set(now.map((/** @type {any} */ one, /** @type {number} */ n) => (n === at ? entered(e) : one)));
    return html`<label><span>${label}</span><input type="number" name="${field.name}.${at}" min=${-most} max=${most}
      step="any" .value=${String(now[at] ?? '')} ?required=${field.needed} @change=${set} /></label>`;
  };
  return html`<fieldset class="field pair"><legend>${titled(field)}</legend>
    ${edge(0, t('scene.lon'), 180)}${edge(1, t('scene.lat'), 90)}
    <button type="button" class="small" data-testid="point-middle" aria-label="${t('scene.middle')}: ${field.title}"
      @click=${() => field.set(middle())}>${t('scene.middle')}</button></fieldset>`;
}

/** Fields of the members; those that a question can do without are folded away. */
function object(/** @type {Field} */ field, /** @type {any} */ schema) {
  const members = Object.entries(schema.properties).map(([name, inner]) => drawField({
    schema: inner,
    title: /** @type {any} */ (inner).title ?? name,
    name: `${field.name}.${name}`,
    needed: field.needed && (schema.required ?? []).includes(name),
    value: field.value?.[name],
    set: (value) => field.set({ ...field.value, [name]: value }),
  }));
  if (field.needed) return html`<fieldset class="field"><legend>${titled(field)}</legend>${members}</fieldset>`;
  return html`<details class="field" ?open=${field.value !== undefined}><summary>${field.title}</summary>
    ${members}</details>`;
}

function list(/** @type {Field} */ field, /** @type {any} */ schema) {
  const items = field.value ?? [];
  const item = (/** @type {any} */ value, /** @type {number} */ at) => {
    const title = `${field.title} ${at + 1}`;
    const without = () => field.set(items.filter((/** @type {any} */ _, /** @type {number} */ n) => n !== at));
    const set = (/** @type {any} */ next) =>
      field.set(items.map((/** @type {any} */ one, /** @type {number} */ n) => (n === at ? next : one)));
    return html`${drawField({ schema: schema.items, title, name: `${field.name}.${at}`, needed: true, value, set })}
      <button type="button" class="small" aria-label="${t('scene.remove')}: ${title}"
        @click=${without}>${t('scene.remove')}</button>`;
  };
  const more = () => field.set([...items, sketch(schema.items, middle())]);
  return html`<fieldset class="field"><legend>${titled(field)}</legend>${items.map(item)}
    <button type="button" class="small" data-testid="list-add" aria-label="${t('scene.add')}: ${field.title}"
      @click=${more}>${t('scene.add')}</button></fieldset>`;
}

/** Places: the features of a layer, or points of one's own. */
function places(/** @type {Field} */ field, /** @type {any} */ schema) {
  const layers = (layerStore.catalogue.value?.layers ?? []).filter((layer) => layer.geometry !== 'none');
  const { layer = '', filter = '', points } = field.value ?? {};
  const chosen = (/** @type {string} */ id) => field.set(id ? { layer: id, filter } : { points });
  return html`<fieldset class="field"><legend>${titled(field)}</legend>
    <label><span>${t('scene.layer')}</span><select name="${field.name}.layer"
      @change=${(/** @type {Event} */ e) => chosen(target(e).value)}>
      <option value="">${t('scene.own_points')}</option>
      ${layers.map(({ id, title }) => html`<option value=${id} ?selected=${id === layer}>${pick(title)}</option>`)}
    </select></label>
    ${layer
      ? html`<label><span>${t('scene.cql')}</span><input type="text" name="${field.name}.filter" maxlength="2000"
          spellcheck="false" placeholder="CQL2" .value=${filter}
          @change=${(/** @type {Event} */ e) => field.set({ layer, filter: target(e).value.trim() })} /></label>`
      : drawField({ schema: schema.properties.points, title: t('scene.own_points'), name: `${field.name}.points`,
          needed: false, value: points, set: (next) => field.set({ points: next }) })}</fieldset>`;
}

function json(/** @type {Field} */ field) {
  const { value, schema } = field;
  const { default: first = null } = schema;
  const shown = value ?? (first === null ? '' : JSON.stringify(first));
  return labelled(field, html`<textarea name=${field.name} rows="3" spellcheck="false" ?required=${field.needed}
    .value=${shown} placeholder="JSON" @change=${(/** @type {Event} */ e) => field.set(target(e).value)}></textarea>`);
}
