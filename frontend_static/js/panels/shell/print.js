// @ts-check
/** <sg-print>: the A4 page: map, legend, scale, time, origins, sources; filled when printing starts. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { explain } from '../../core/api.js';
import { pick, t } from '../../core/i18n.js';
import { facts, picture, scaleBar } from '../export.js';
import { drawnIn } from '../test_hooks.js';
import { theMap } from '../../map/instance.js';
import { sign } from '../heat/sign.js';
import { badge, symbol, unitRamp } from '../widgets.js';
import { timeStore } from '../../model/time.js';
import { viewStore } from '../../model/view.js';
import { dismiss, toast } from '../../model/toasts.js';
import { layerStore } from '../../model/layers.js';
import { heatTiles } from '../../model/heat.js';
import { scenarioStore } from '../../model/scenarios.js';
import { setTheme, shellStore } from '../../model/shell.js';
import { sessionStore } from '../../model/session.js';

/** The theme that the map is drawn in, which may lag behind the page's. @returns {'dark' | 'light'} */
const themeDrawn = (/** @type {import('maplibre-gl').Map} */ map) =>
  /** @type {any} */ (map.getStyle().metadata)?.['sigang:theme'] ?? shellStore.theme.peek();

/** How long a picture made for printing stays good. */
const FRESH_MS = 30_000;
/** A4 less its margins, and the most that the map takes of its height. */
const PAGE_MM = 186;
const MAP_HEIGHT_MM = 150;
/** What the numbers of a scenario take of it. */
const SCENARIO_MM = 35;
/** What the legend of enforcement heat takes of it. */
const HEAT_MM = 40;

class PrintPage extends Part {
  static properties = { image: { state: true }, bar: { state: true } };

  constructor() {
    super();
    /** @type {string | null} */
    this.image = null;
    /** @type {ReturnType<typeof scaleBar> | null} */
    this.bar = null;
    /** @type {number} */
    this.share = 0;
    /** @type {'dark' | 'light'} */
    this.theme = 'light';
    this.width = 0;
    this.height = 0;
    this.filled = -Infinity;
    this.asked = '';
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('beforeprint', () => this.fill());
  }

  /** Take the picture and render at once: printing does not wait. One made just before is kept. */
  fill() {
    const map = theMap.peek();
    if (!map) return;
    const heat = heatTiles.peek();
    const layers = [layerStore.on.peek(), layerStore.off.peek(), scenarioStore.id.peek(), heat];
    const asked = JSON.stringify([viewStore.camera.peek(), timeStore.at.peek(), ...layers]);
    if (asked === this.asked && performance.now() - this.filled < FRESH_MS) return;
    this.asked = asked;
    this.filled = performance.now();
    this.theme = themeDrawn(map);
    const shot = picture(map);
    this.image = shot.toDataURL('image/png');
    const aspect = shot.width / shot.height;
    const taken = (scenarioStore.page.peek() ? SCENARIO_MM : 0) + (heat ? HEAT_MM : 0);
    const most = MAP_HEIGHT_MM - taken;
    this.width = Math.min(PAGE_MM, most * aspect);
    this.height = this.width / aspect;
    this.bar = scaleBar(map);
    this.share = (this.bar.pixels / map.getContainer().clientWidth) * 100;
    this.performUpdate();
  }

  render() {
    if (!this.image || !this.bar) return html``;
    const known = facts();
    const by = pick(sessionStore.account.value?.name);
    const review = known.review ? [`${t('export.review')} ${known.review}`] : [];
    const sources = [...known.sources, ...review].join(' · ');
    return html`<article class="sheet" data-testid="print-sheet">
      <header><h1>${known.title}</h1><p class="num"><b data-testid="print-time">${known.time}</b></p></header>
      <figure><img src=${this.image} alt=${t('map.label')} style="width:${this.width}mm;height:${this.height}mm" />
        <div class="sheet-scale" data-testid="print-scale" style="width:${this.share}%">${this.bar.text}</div></figure>
      <div class="sheet-facts">
        <p data-testid="print-origins">${t('export.origins')}: ${known.origins.map((origin) => badge(origin))}
          ${known.synthetic ? html`<b data-testid="print-synthetic">${t('origin.contains_synthetic')}</b>` : ''}</p>
        ${known.scenario ? this.scenario(known.scenario) : ''}
        ${known.path ? html`<p>${t('export.path')}: <b>${known.path}</b></p>` : ''}
        ${known.reach ? html`<p>${t('export.reach')}: <b>${known.reach}</b></p>` : ''}
        ${known.air ? html`<p data-testid="print-air"><b>${known.air}</b></p>` : ''}
        ${known.heights ? html`<p data-testid="print-heights">${known.heights}</p>` : ''}
        ${known.closures.length ? html`<p>${t('export.closures')}: ${known.closures.join('；')}</p>` : ''}
      </div>
      <h2>${t('export.legend')}</h2>
      ${known.heat ? html`<div class="sheet-heat" data-testid="print-heat"><h3>${known.heat.text}</h3>
        ${known.heat.why ? html`<p><b>${known.heat.why}</b></p>` : ''}
        <ul class="sheet-legend">${known.heat.entries.map((entry) => html`<li>${
          sign(entry, this.theme)} ${pick(entry.label)}</li>`)}
          <li>${t('heat.no_cell')}</li></ul></div>` : ''}
      <div class="sheet-legend" data-testid="print-legend">${known.layers.map((layer) => html`<section>
        <h3>${pick(layer.title)} ${known.originText(layer) ? html`<small>${known.originText(layer)}</small>` : ''}</h3>
        <ul>${(layer.legend?.entries ?? []).map((entry) => this.entry(entry))}</ul>
      </section>`)}</div>
      <footer><p data-testid="print-sources">${t('export.sources')}: ${sources}</p>
        <p>${t('export.made')} ${[known.made, by].filter(Boolean).join(' · ')}</p></footer>
    </article>`;
  }

  /** The open scenario: who asks what, its numbers, the colours of the units. */
  scenario(/** @type {NonNullable<ReturnType<typeof facts>['scenario']>} */ { title, question, figures, units }) {
    return html`<section data-testid="print-scenario"><h2>${title}</h2><p>${question}</p>
      ${figures.map((text) => html`<p class="num"><b>${text}</b></p>`)}
      ${units ? html`<p>${t('scene.units')}: ${units.name} ${unitRamp(units, this.theme)}</p>` : ''}</section>`;
  }

  entry(/** @type {import('../../core/types.js').LegendEntry} */ entry) {
    return html`<li>${symbol(entry, this.theme)} ${pick(entry.text)} ${pick(entry.label)}</li>`;
  }
}

/** Print the A4 page, in the light colours: they need less ink. */
export async function printPage() {
  const theme = shellStore.theme.peek();
  const note = toast({ kind: 'info', text: t('export.preparing') });
  try {
    setTheme('light');
    await drawnIn('light');
    /** @type {PrintPage} */ (document.querySelector('sg-print')).fill();
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
    return;
  } finally {
    setTheme(theme);
    dismiss(note);
  }
  window.print();
}

define('sg-print', PrintPage);
