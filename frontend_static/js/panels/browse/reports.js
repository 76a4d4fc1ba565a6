// @ts-check
/** <sg-reports>: the frozen reports, each version with its files. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { pick, t } from '../../core/i18n.js';
import { failure } from '../widgets.js';
import { loadReports, openVersion, reportStore, versionKey } from '../../model/reports.js';

/** @typedef {import('../../core/types.js').Report} Report */
/** @typedef {Report['versions'][number]} Version */

const SHOWN = 12;
/** The files that are opened by hand, in this order. */
const FILES = ['report.html', 'report.pdf', 'report.xlsx', 'report.zip'];

class Reports extends Part {
  static properties = { only: { type: String } };

  constructor() {
    super();
    /** The one report that is shown; blank: all. */
    this.only = '';
  }

  render() {
    const all = reportStore.list.value?.filter(({ id }) => !this.only || id === this.only);
    const error = reportStore.error.value;
    if (error) return failure(error, loadReports, 'reports-retry');
    if (!all?.length) return html``;
    return html`<section class="scenarios" data-testid="reports">
      <h3 class="part">${t('report.title')}</h3>
      ${all.map((report) => html`<h4>${pick(report.title)}</h4>
        ${report.versions.length ? '' : html`<p class="muted">${t('report.none')}</p>`}
        ${report.versions.slice(0, SHOWN).map((one) => this.version(report, one))}`)}
    </section>`;
  }

  version(/** @type {Report} */ report, /** @type {Version} */ one) {
    const editions = reportStore.editions.value[versionKey(report.id, one)];
    return html`<details data-testid="report-version" data-id=${versionKey(report.id, one)}
      @toggle=${(/** @type {any} */ e) => e.target.open && openVersion(report.id, one)}>
      <summary>${one.period} <span class="muted">${t('report.version', { n: one.version })}${
        one.retroactive ? ` · ${t('report.retroactive')}` : ''}</span></summary>
      ${editions?.map((edition) => html`<p>${t(`report.${edition.audience}`)}
        ${edition.links.filter(({ title }) => FILES.includes(title)).map(({ href, title }) => html`
          <a href=${href} target="_blank" rel="noopener" data-testid="report-file">${
            title.split('.')[1].toUpperCase()}</a>`)}</p>`)}
      ${editions?.length === 0 ? html`<p class="muted">${t('report.hidden')}</p>` : ''}
    </details>`;
  }
}

define('sg-reports', Reports);
