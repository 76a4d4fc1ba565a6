// @ts-check
/** <sg-heat-swipe>: two periods side by side on the map, with a handle between them. */
import { effect } from '@preact/signals-core';
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { t } from '../../core/i18n.js';
import { theMap } from '../../map/instance.js';
import { openSecond } from '../../map/swipe.js';
import {
  beforePeriod, beforeTiles, heatPeriod, heatShown, heatStore, heatSurface, setHeat,
} from '../../model/heat.js';
import { layerStore } from '../../model/layers.js';
import { shellStore } from '../../model/shell.js';

const [LEAST, MOST, STEP] = [0.05, 0.95, 0.02];
const within = (/** @type {number} */ share) => Math.min(MOST, Math.max(LEAST, share));

class Swipe extends Part {
  constructor() {
    super();
    /** @type {Awaited<ReturnType<typeof openSecond>>} */
    this.second = null;
    this.opening = false;
  }

  get share() {
    const { swipe } = heatStore.asked.value;
    return heatShown.value && beforeTiles.value && theMap.value && Number(swipe) > 0 ? within(Number(swipe)) : 0;
  }

  render() {
    const { share } = this;
    if (!share) return html``;
    const texts = [beforePeriod.value, heatPeriod.value].map((one) => (one ? `${one[0]} – ${one[1]}` : ''));
    const at = `${share * 100}%`;
    return html`<div class="swipe-map" style="clip-path:inset(0 ${(1 - share) * 100}% 0 0)" aria-hidden="true"></div>
      <span class="swipe-said left num" style="right:calc(${(1 - share) * 100}% + 20px)">${texts[0]}</span>
      <span class="swipe-said right num" style="left:calc(${at} + 20px)">${texts[1]}</span>
      <div class="swipe-handle" role="slider" tabindex="0" data-testid="heat-handle" style="left:${at}"
        aria-label=${t('heat.swipe')} aria-orientation="horizontal" aria-valuemin=${LEAST * 100}
        aria-valuemax=${MOST * 100} aria-valuenow=${Math.round(share * 100)} aria-valuetext=${texts.join(' | ')}
        @keydown=${this.key} @pointerdown=${this.hold} @pointermove=${this.pull}></div>`;
  }

  firstUpdated() {
    effect(() => {
      void [shellStore.theme.value, shellStore.lang.value, layerStore.shown.value, heatSurface.value];
      const tiles = this.share ? beforeTiles.value : null;
      queueMicrotask(() => this.follow(tiles));
    });
  }

  /** Open, change or end the second map. */
  async follow(/** @type {string | null} */ tiles) {
    await this.updateComplete;
    const element = /** @type {HTMLElement | null} */ (this.querySelector('.swipe-map'));
    if (!tiles || !element) {
      this.second?.remove();
      this.second = null;
    } else if (this.second) {
      theMap.peek()?.once('idle', () => this.second?.show(tiles));
    } else if (!this.opening) {
      this.opening = true;
      this.second = await openSecond(element, tiles);
      this.opening = false;
    }
  }

  set(/** @type {number} */ share) {
    setHeat({ swipe: String(Number(within(share).toFixed(3))) });
  }

  key(/** @type {KeyboardEvent} */ event) {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    this.set(this.share + by);
  }

  hold(/** @type {PointerEvent} */ event) {
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
  }

  pull(/** @type {PointerEvent} */ event) {
    if (!event.buttons) return;
    const box = this.getBoundingClientRect();
    this.set((event.clientX - box.left) / box.width);
  }
}

define('sg-heat-swipe', Swipe);
