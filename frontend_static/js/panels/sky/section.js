// @ts-check
/** <sg-section>: heights along a line: terrain, 120 m above it, classes, zones, and what is unknown. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { distance, moment, number, pick, t } from '../../core/i18n.js';
import { cutAlong, reloadSection, sectionStore } from '../../model/section.js';
import { shellStore } from '../../model/shell.js';
import { badge, busy, failure, icon } from '../widgets.js';
import { limitText } from './height_text.js';
import { HEIGHT, WIDTH, sectionChart } from './section_chart.js';

/** @typedef {import('../../core/types.js').SkySection} SkySection */
/** @typedef {import('../../core/types.js').SkyStretch} SkyStretch */

class Section extends Part {
  render() {
    if (!sectionStore.line.value) return html``;
    const section = sectionStore.section.value;
    const error = sectionStore.error.value;
    return html`<section class="section" data-testid="section">
      <header><h2>${t('sky.section')}</h2>${section ? this.facts(section) : ''}<span class="grow"></span>
        <button class="plain" data-testid="section-close" aria-label=${t('app.close')}
          @click=${() => cutAlong(null)}>${icon('close')}</button></header>
      ${busy(sectionStore.loading.value)}
      ${error ? failure(error, reloadSection) : ''}
      ${section && !error ? [this.chart(section), this.rows(section)] : ''}</section>`;
  }

  facts(/** @type {SkySection} */ { along_m: along, at, terrain }) {
    const ground = terrain ? badge(terrain.origin) : html`<b class="warn">${t('sky.no_terrain')}</b>`;
    const length = distance(along[along.length - 1]);
    return html`<span class="muted num">${length} · ${moment(at)} · ${t('sky.section_note')} ${ground}</span>`;
  }

  chart(/** @type {SkySection} */ section) {
    void shellStore.theme.value;
    const label = t('sky.section_label', { count: section.zones.length });
    return html`<div class="section-scroll" tabindex="0" role="region" aria-label=${t('sky.section')}><svg
      class="section-plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"
      aria-label=${label}>${sectionChart(section)}</svg></div>`;
  }

  /** The same as rows. */
  rows(/** @type {SkySection} */ { ground_m, unknown_categories: unknown, zones, along_m: along }) {
    const grounds = ground_m.filter((one) => one !== null);
    const share = unknown.filter((count) => count !== 0).length / unknown.length;
    const ends = { low: number(Math.min(...grounds)), high: number(Math.max(...grounds)) };
    const heads = [t('sky.class'), t('sky.zone'), t('sky.floor'), t('sky.ceiling')];
    return html`<details class="section-rows">
      <summary>${t('sky.section_rows', { count: zones.length })}</summary>
      <p class="hint">${grounds.length ? t('sky.section_ground', ends) : t('sky.no_terrain')}${share
        ? html` · <b class="warn" data-testid="section-unknown">${t('sky.section_unknown', {
          share: number(share * 100) })}</b>`
        : ''}</p>
      <table><thead><tr><th scope="col">km</th>${heads.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
        <tbody>${zones.map((zone) => this.row(zone, along))}</tbody></table></details>`;
  }

  row(/** @type {SkyStretch} */ zone, /** @type {number[]} */ along) {
    const km = (/** @type {number} */ n) => number(along[n] / 1000, 2);
    return html`<tr data-testid="section-zone" data-id=${zone.id}>
      <td class="num">${km(zone.first)}–${km(zone.last)}</td>
      <td>${zone.layer === 'airspace' ? zone.class : '▨'}</td>
      <td>${pick(zone.name)}${zone.uncertain ? ` (${t('sky.uncertain')})` : ''}</td>
      <td class="num">${limitText(zone.floor, 'floor')}</td>
      <td class="num">${limitText(zone.ceiling, 'ceiling')}</td></tr>`;
  }
}

define('sg-section', Section);
