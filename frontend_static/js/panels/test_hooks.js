// @ts-check
/** window.sigang: what tests and the console may ask of the page. */
import { API } from '../core/api.js';
import { mapErrors, theMap } from '../map/instance.js';
import { compose } from './export.js';
import { snapshot } from '../core/store.js';
import { layerStore } from '../model/layers.js';
import { drawStore } from '../model/draw.js';
import { planStore } from '../model/plan.js';
import { deskStore } from '../model/events.js';
import { liveStore } from '../model/live.js';
import { flightStore } from '../model/flight.js';
import { linkageStore } from '../model/linkage.js';
import { boardStore } from '../model/board.js';
import { sectionStore } from '../model/section.js';
import { skyStore } from '../model/sky.js';
import { scenarioStore } from '../model/scenarios.js';

const QUIET_MS = 250;

/** Errors of the page itself. @type {string[]} */
const pageErrors = [];

/** Resolve when style and tiles are there and no frame was drawn for a while. */
function settled(timeout = 30_000) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let last = performance.now();
    const touch = () => (last = performance.now());
    const watch = setInterval(() => {
      const map = theMap.peek();
      map?.off('render', touch).on('render', touch);
      const done = map?.loaded() && map.areTilesLoaded() && performance.now() - last > QUIET_MS;
      const late = performance.now() - started > timeout;
      if (!done && !late) return;
      clearInterval(watch);
      map?.off('render', touch);
      if (done) resolve(true);
      else reject(new Error(`the map did not settle in ${timeout} ms: ${mapErrors.join('; ')}`));
    }, 50);
  });
}

/** Resolve when the map is drawn in a theme; rejects when that takes too long. */
export async function drawnIn(/** @type {string} */ theme, patience = 20_000) {
  const until = performance.now() + patience;
  const there = () => /** @type {any} */ (theMap.peek()?.getStyle()?.metadata)?.['sigang:theme'] === theme;
  while (!there() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  await settled(patience);
}

/** @typedef {import('../map/map.js').MapView} MapView */

const flightsOf = () => /** @type {MapView | null} */ (document.querySelector('sg-map'))?.flights;

/** Publish the seam. */
export function publish() {
  addEventListener('error', (event) => pageErrors.push(String(event.message)));
  addEventListener('unhandledrejection', (event) => pageErrors.push(String(event.reason)));
  Object.defineProperty(window, 'sigang', {
    value: {
      get map() {
        return theMap.peek();
      },
      get errors() {
        return [...pageErrors, ...mapErrors];
      },
      api: API,
      data: {
        catalogue: layerStore.catalogue,
        live: liveStore.stream,
        scenario: scenarioStore,
        board: boardStore,
        draw: drawStore.state,
        flight: flightStore,
        linkage: linkageStore.answer,
        events: deskStore.events,
        eventsLoaded: deskStore.loaded,
        path: planStore.path,
        pinned: planStore.pinned,
        dragged: planStore.dragged,
        sky: skyStore.picture,
        section: sectionStore.section,
      },
      /** Where flights were drawn last, and the milliseconds that the last frames took. */
      flights: () => ({ seen: flightsOf()?.seen() ?? [], took: flightsOf()?.layer.took ?? [] }),
      state: snapshot,
      layers: () => [...layerStore.shown.peek()],
      settled,
      png: () => {
        const map = theMap.peek();
        return map ? compose(map).toDataURL('image/png') : null;
      },
    },
  });
}
