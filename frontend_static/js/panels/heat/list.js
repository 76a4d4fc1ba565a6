// @ts-check
/** Where it is hot: cells and stretches with rate, interval, counts, z and ranks; the cell that is open. */
import { html, svg } from 'lit';
import { extent } from '../../core/geo.js';
import { maybe, number, pick, t } from '../../core/i18n.js';
import { showExtent } from '../../map/camera.js';
import { comparedPeriods, heatQuestion, heatStore, openCell, setHeat } from '../../model/heat.js';
import {
  CLASSES, SHOWN, SORTS, STRETCHES, heatListStore, heatRanks, loadRows, loadStretches, openRow, sortKey, sortedRows,
} from '../../model/heat_list.js';
import { findLayer, setShown } from '../../model/layers.js';
import { showRows } from '../../model/table.js';
import { busy, failure, icon } from '../widgets.js';
import { percent } from './legend.js';

/** @typedef {import('../../model/heat_list.js').HeatRow} HeatRow */
/** @typedef {import('../../core/types.js').Feature} Feature */

const WIDE = 0.02;
const NO_VALUE = '–';

const decimal = (/** @type {number | null | undefined} */ value, digits = 2) =>
  (value == null ? NO_VALUE : number(Number(value.toFixed(digits)) || 0, digits));

/** Rate with its interval, in words of numbers. */
const rateText = (/** @type {{ value: number | null, lower: number | null, upper: number | null }} */ of) =>
  (of.value == null ? NO_VALUE : `${percent(of.value)}${of.lower == null || of.upper == null ? ''
    : ` (${percent(of.lower)}–${percent(of.upper)})`}`);

/** Go to a cell and open it. */
function go(/** @type {HeatRow} */ row) {
  const [west, south, east, north] = row.box;
  showExtent([west - WIDE, south - WIDE, east + WIDE, north + WIDE]);
  openCell(row.id);
}

function sorts() {
  return html`<div class="segments thirds" role="radiogroup" aria-label=${t('heat.sort')}>
    ${SORTS.map((sort) => html`<label class="segment"><input type="radio" name="heat-sort" value=${sort}
      data-testid="heat-sort-${sort}" .checked=${sort === sortKey.value} @change=${() => setHeat({ sort })} />
      <span>${t(`heat.sort.${sort}`)}</span></label>`)}</div>`;
}

const [WEEK_PX, HIGH_PX] = [4, 12];
/** Class, top and height of the mark of a week. @type {Record<string, [string, number, number]>} */
const MARKS = { '+': ['hot', 0, 6], '-': ['cold', 6, 6], 0: ['none', 5, 2] };

/** The weeks of a cell, each hot above the line, cold below it, neither on it, or not inspected: a gap. */
function weeks(/** @type {string} */ history) {
  const of = (/** @type {string} */ mark) => [...history].filter((one) => one === mark).length;
  const told = t('heat.weeks', { weeks: history.length, hot: of('+'), cold: of('-'), none: of('0'), unseen: of('.') });
  return html`<svg class="heat-weeks" role="img" aria-label=${told} height=${HIGH_PX}
    viewBox="0 0 ${history.length * WEEK_PX} ${HIGH_PX}" width=${history.length * WEEK_PX}><title>${told}</title>
    ${[...history].map((mark, at) => {
      if (!(mark in MARKS)) return '';
      const [name, y, height] = MARKS[mark];
      return svg`<rect class=${name} x=${at * WEEK_PX} y=${y} width=${WEEK_PX - 1} height=${height}></rect>`;
    })}</svg>`;
}

/** What a cell was in the last weeks, where it is known. */
function classOf(/** @type {string} */ name) {
  const found = heatListStore.classes.value.get(name);
  if (!found) return '';
  const values = findLayer(CLASSES)?.columns.find(({ name: one }) => one === 'space_time')?.values ?? {};
  const { space_time: key, history, slices, trend_z: z, last_inspected: last } = found;
  const told = { weeks: slices, last: last ?? NO_VALUE, z: decimal(z) };
  const said = key ? t('heat.class', { name: pick(values[key]) || key, ...told }) : t('heat.no_class', told);
  return html`<span class="heat-class" data-testid="heat-class" data-class=${key ?? ''}>${weeks(history)}
    <span>${said}</span></span>`;
}

/** One cell of the list. */
function entry(/** @type {HeatRow} */ row) {
  const ranks = heatRanks.value;
  const rank = (/** @type {typeof SORTS[number]} */ of) => ranks[of].get(row) ?? NO_VALUE;
  const open = heatStore.asked.value.cell === row.id;
  return html`<li><button class="heat-row" data-testid="heat-row" data-id=${row.id} data-rank-events=${rank('events')}
    data-rank-value=${rank('value')} data-events=${row.events} data-exposure=${row.exposure} aria-pressed=${open}
    @click=${() => go(row)}>
    <span class="num heat-name">${row.name}</span>
    <b class="num">${row.state === 'rated' ? rateText(row) : t(`heat.state.${row.state}`)}</b>
    <span class="num muted">${t('heat.row', { events: number(row.events), exposure: number(row.exposure),
      z: decimal(row.z) })}</span>
    <span class="num muted">${t('heat.ranks', { events: rank('events'), value: rank('value') })}${row.mostly_patrol
      ? html` <b class="warn">${t('heat.more_looks')}</b>` : ''}</span>
    ${classOf(row.beidou)}
  </button></li>`;
}

function cells() {
  const { rows, error, working } = heatListStore;
  if (error.value) return failure(error.value, loadRows, 'heat-retry');
  const sorted = sortedRows.value;
  return html`${busy(working.value)}${sorts()}
    ${rows.value && !sorted.length ? html`<p class="muted" data-testid="heat-empty">${t('heat.empty')}</p>` : ''}
    <ol class="heat-list" data-testid="heat-list" data-count=${rows.value?.length ?? ''}>
      ${sorted.slice(0, SHOWN).map(entry)}</ol>
    ${sorted.length > SHOWN ? html`<p class="hint">${t('heat.more', { shown: SHOWN, all: number(sorted.length) })}</p>`
      : ''}`;
}

/** Go to a stretch of road, with the layer of all of them on the map. */
function goTo(/** @type {Feature} */ one) {
  setShown([STRETCHES], true);
  const box = extent(one.geometry);
  if (box) showExtent(box);
}

function stretch(/** @type {Feature} */ one) {
  const { name, rate, lower, upper, events, exposure, trend, trend_z: z } = one.properties;
  return html`<li><button class="heat-row" data-testid="heat-stretch" data-id=${one.id}
    @click=${() => goTo(one)}>
    <span class="heat-name">${pick(name)}</span><b class="num">${rateText({ value: rate, lower, upper })}</b>
    <span class="num muted">${t('heat.counts', { events: number(events), exposure: number(exposure) })}</span>
    <span class="muted">${t('heat.trend', { trend: maybe(`heat.trend.${trend}`, String(trend)), z: decimal(z) })}</span>
  </button></li>`;
}

/** Cells, or stretches of roads where the server has them. */
export function list() {
  const layer = findLayer(STRETCHES);
  const of = layer && heatStore.asked.value.of === 'stretches' ? 'stretches' : 'cells';
  const choose = (/** @type {'cells' | 'stretches'} */ one) => html`<label class="segment"><input type="radio"
    name="heat-of" value=${one} data-testid="heat-of-${one}" .checked=${one === of}
    @change=${() => setHeat({ of: one })} /><span>${t(`heat.of.${one}`)}</span></label>`;
  const found = heatListStore.stretches.value;
  return html`<h3 class="part">${t('heat.list')}</h3>
    ${layer ? html`<div class="segments" role="radiogroup" aria-label=${t('heat.list')}>${choose('cells')}${
      choose('stretches')}</div>` : ''}
    ${of === 'cells' ? cells() : html`
      ${heatListStore.error.value ? failure(heatListStore.error.value, loadStretches, 'heat-retry') : ''}
      <p class="hint" data-testid="heat-stretches-note">${t('heat.stretches_note')}</p>
      ${found && !found.length ? html`<p class="muted">${t('heat.no_stretches')}</p>` : ''}
      <ol class="heat-list">${(found ?? []).map((one) => stretch(one))}</ol>`}`;
}

const within = (/** @type {HeatRow} */ { box }) => `S_INTERSECTS(geometry, BBOX(${box.join(', ')}))`;

/** CQL2 text for the cases of a cell in the period on show. */
function casesFilter(/** @type {HeatRow} */ row) {
  const { since, until, kinds } = heatQuestion.value ?? {};
  const parts = [within(row), "stage <> 'withdrawn'"];
  if (kinds) parts.push(`violation IN (${kinds.split(',').map((kind) => `'${kind}'`).join(', ')})`);
  if (since) parts.push(`opened_at >= TIMESTAMP('${since}T00:00:00+08:00')`);
  if (until) parts.push(`opened_at < TIMESTAMP('${until}T00:00:00+08:00')`);
  return parts.join(' AND ');
}

/** The cell that is open, in numbers, with the way to its cases. */
export function cellCard() {
  if (!heatStore.asked.value.cell) return '';
  const row = openRow.value;
  const drawn = heatStore.cell.value;
  if (!row && !drawn) return '';
  const { state, events, exposure } = /** @type {any} */ (row ?? drawn);
  return html`<section class="heat-cell" data-testid="heat-cell" data-id=${heatStore.asked.value.cell} role="status">
    <header><b class="num">${row?.name ?? drawn?.cell ?? t('heat.cell')}</b>
      <button class="plain" aria-label=${t('app.close')} data-testid="heat-cell-close"
        @click=${() => openCell(null)}>${icon('close')}</button></header>
    <p><b class="num">${state === 'rated' ? row ? rateText(row) : decimal(drawn?.value, 3)
      : t(/** @type {any} */ (`heat.state.${state}`))}</b></p>
    ${comparedPeriods.value && drawn ? html`<p class="num" data-testid="heat-change">${t('heat.change', {
      change: drawn.value === undefined ? t(/** @type {any} */ (`heat.state.${drawn.state}`))
        : rateText(/** @type {any} */ (drawn)),
      events: number(drawn.events_before), exposure: number(drawn.exposure_before) })}</p>` : ''}
    ${drawn?.reason ? html`<p>${maybe(`heat.reason.${drawn.reason}`, drawn.reason)}</p>` : ''}
    <p class="num">${t('heat.counts', { events: number(events), exposure: number(exposure) })}</p>
    ${row ? classOf(row.beidou) : ''}
    ${row?.mostly_patrol ? html`<p class="warn">${t('heat.more_looks')}</p>` : ''}
    ${row ? html`<div class="actions">
      ${findLayer(STRETCHES) ? html`<button data-testid="heat-stretches-here"
        @click=${() => showRows(STRETCHES, within(row))}>${icon('table')}${t('heat.stretches_here')}</button>` : ''}
      ${findLayer('cases') ? html`<button data-testid="heat-cases"
        @click=${() => showRows('cases', casesFilter(row))}>${icon('table')}${t('heat.cases')}</button>` : ''}
    </div>` : ''}
  </section>`;
}
