// @ts-check
/** <sg-heat>: the desk of enforcement heat: what is shown of which time, what it means, where it is hot. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { pick, t } from '../../core/i18n.js';
import { heatLayer, heatOrigins, heatStore, setHeat } from '../../model/heat.js';
import { watchFound } from '../../model/heat_found.js';
import { watchHeatList } from '../../model/heat_list.js';
import { findLayer, setShown } from '../../model/layers.js';
import '../browse/reports.js';
import { badge } from '../widgets.js';
import { area } from './area.js';
import { choice, comparison } from './choice.js';
import { found } from './found.js';
import './hours.js';
import { legend } from './legend.js';
import { cellCard, list } from './list.js';
import { slices } from './slices.js';
import './swipe.js';

/** What readers without the right to count anew are shown. */
const PUBLISHED = 'cases_published_map';

/** The bulletin of each county and week. */
const BULLETIN = 'enforcement_weekly';

class Heat extends Part {
  render() {
    const layer = heatLayer.value;
    if (!layer) return this.without();
    return html`<section class="heat" data-testid="heat" aria-label=${t('side.heat')}>
      <header><h2>${pick(layer.title)}</h2><span>${heatOrigins.value.map((origin) => badge(origin))}</span></header>
      ${choice()}
      <sg-heat-hours></sg-heat-hours>
      ${slices()}
      ${comparison()}
      ${legend()}
      ${cellCard()}
      ${list()}
      ${area()}
      ${found()}
      <sg-reports only=${BULLETIN}></sg-reports>
      <label class="check"><input type="checkbox" data-testid="heat-keep" .checked=${heatStore.asked.value.keep === '1'}
        @change=${(/** @type {any} */ e) => setHeat({ keep: e.target.checked ? '1' : '' })} />
        <span>${t('heat.keep')}</span></label>
    </section>`;
  }

  /** Readers who may not count anew are told what is published. */
  without() {
    const published = findLayer(PUBLISHED);
    return html`<section class="heat" data-testid="heat-none" aria-label=${t('side.heat')}>
      <h2>${t('side.heat')}</h2><p>${t('heat.no_right')}</p>
      ${published
        ? html`<p>${pick(published.description)}</p><div class="actions"><button data-testid="heat-published"
            @click=${() => setShown([PUBLISHED], true)}>${pick(published.title)}</button></div>`
        : ''}
    </section>`;
  }
}

watchHeatList();
watchFound();
define('sg-heat', Heat);
