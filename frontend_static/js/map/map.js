// @ts-check
/** <sg-map>: the place of the map, which is fetched and drawn once it is to be seen. */
import { effect } from '@preact/signals-core';
import { html } from 'lit';
import { explain, request } from '../core/api.js';
import { Part, define } from '../core/base.js';
import { t } from '../core/i18n.js';
import { note, theMap } from './instance.js';
import { boardStore } from '../model/board.js';
import { layerStore } from '../model/layers.js';
import { shellStore } from '../model/shell.js';

/** @typedef {import('maplibre-gl').StyleSpecification} Style */

const FONTS = ['16px "Noto Sans SC"', '16px Inter', '600 16px Inter'];

/** The library and all that draws with it. */
const fetchScripts = () => Promise.all([import('maplibre-gl'), import('./scene.js')]);

/** Theme and language that a style is for. */
const dress = () => `${shellStore.theme.peek()} ${shellStore.lang.peek()}`;

/** Fetch the server's style of the theme and language. @returns {Promise<Style>} */
const fetchStyle = () =>
  request(`styles/${shellStore.theme.peek()}`, { params: { lang: shellStore.lang.peek() } });

/** What has been asked for before the map can be begun; null once that failed. */
const soon = {
  scripts: /** @type {ReturnType<typeof fetchScripts> | Promise<null>} */ (Promise.resolve(null)),
  style: /** @type {Promise<Style | null>} */ (Promise.resolve(null)),
  dress: '',
};

/** Ask for scripts and style beside the catalogue, unless the page opens with the board, which does without. */
export function expectMap() {
  if (boardStore.view.peek() === 'board') return;
  Object.assign(soon, {
    scripts: fetchScripts().catch(() => null),
    style: fetchStyle().catch(() => null),
    dress: dress(),
  });
}

export class MapView extends Part {
  static properties = { failed: { state: true } };

  constructor() {
    super();
    /** @type {Error | null} */
    this.failed = null;
    /** @type {import('./flights.js').Flights | null} */
    this.flights = null;
  }

  render() {
    return html`
      <div class="map-canvas" id="map" role="application" tabindex="-1" aria-label=${t('map.label')}></div>
      ${this.failed
        ? html`<div class="map-failed" role="alert">
            <p>${t('map.failed')}: ${explain(this.failed)}</p>
            <button data-testid="map-retry" @click=${() => this.begin()}>${t('app.retry')}</button>
          </div>`
        : ''}
    `;
  }

  firstUpdated() {
    const stop = effect(() => {
      if (!layerStore.catalogue.value || boardStore.view.value === 'board') return;
      queueMicrotask(() => {
        stop();
        this.begin();
      });
    });
  }

  async begin() {
    try {
      this.failed = null;
      const expected = soon.dress === dress() ? soon.style : null;
      soon.dress = '';
      const [[library, scene], style] = await Promise.all([
        soon.scripts.then((found) => found ?? fetchScripts()),
        Promise.resolve(expected).then((found) => found ?? fetchStyle()),
        ...FONTS.map((font) => document.fonts.load(font, '浙江 A')),
      ]);
      const element = /** @type {HTMLElement} */ (this.querySelector('#map'));
      if (!theMap.peek()) this.flights = scene.open(element, library, style, fetchStyle);
    } catch (error) {
      this.failed = /** @type {Error} */ (error);
      note(error);
    }
  }
}

define('sg-map', MapView);
