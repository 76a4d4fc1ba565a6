// @ts-check
/** A section through the air along a line that was drawn, at the time that is asked for. */
import { effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { rfc3339 } from '../core/i18n.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { layerStore } from './layers.js';
import { askedInstant, timeStore } from './time.js';

/** @typedef {import('../core/types.js').SkySection} SkySection */

/** While time runs the section follows by the quarter of an hour. */
const [MINUTE_MS, QUARTER_MS] = [60_000, 900_000];

export const sectionStore = {
  /** The line, degrees. */
  line: url.cut,
  section: signal(/** @type {SkySection | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  loading: signal(false),
};

const newest = new Latest();

/** Height above the ground (m) up to which flight needs no application by the rules: the top of class W. */
export function suitableTop(/** @type {SkySection} */ { bands }) {
  const top = bands.find((band) => band.class === 'W')?.top;
  return top?.datum === 'AGL' ? top.value_m : null;
}

/** Cut along a line, or close the section. */
export function cutAlong(/** @type {[number, number][] | null} */ line) {
  url.cut.value = line;
}

/** Keep the section in step with its line and, by the quarter of an hour, with the time. */
export function watchSection() {
  let asked = '';
  effect(() => {
    const line = url.cut.value;
    void url.time.value;
    const rows = ['airspace', 'airspace_restrictions', 'controlled_ground'].map((id) => layerStore.bumps.value[id]);
    if (!line) {
      asked = '';
      sectionStore.section.value = null;
      return;
    }
    const step = timeStore.player.value === null ? MINUTE_MS : QUARTER_MS;
    const at = Math.floor(askedInstant() / step) * step;
    const key = JSON.stringify([line, at, rows]);
    if (key === asked) return;
    asked = key;
    untracked(() => load(line, askedInstant()));
  });
}

export const reloadSection = () => url.cut.peek() && load(url.cut.peek() ?? [], askedInstant());

async function load(/** @type {[number, number][]} */ line, /** @type {number} */ at) {
  const signal = newest.begin();
  sectionStore.loading.value = true;
  try {
    const body = { geometry: { type: 'LineString', coordinates: line }, at: rfc3339(at) };
    sectionStore.section.value = await request('airspace/section', { method: 'POST', body, signal });
    sectionStore.error.value = null;
    sectionStore.loading.value = false;
  } catch (error) {
    if (aborted(error)) return;
    sectionStore.error.value = error;
    sectionStore.loading.value = false;
  }
}
