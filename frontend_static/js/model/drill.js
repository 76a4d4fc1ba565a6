// @ts-check
/** The typhoon drill: its area is drawn on the map, its question may be a job. */
import { batch, signal } from '@preact/signals-core';
import { aborted } from '../core/api.js';
import { now } from '../core/clock.js';
import { areaText, drillBody } from '../core/drill.js';
import { execute } from '../core/execute.js';
import { Latest } from '../core/latest.js';
import { takeDrawn } from './draw.js';
import { linkageStore, setShipment } from './linkage.js';
import { openDrawer } from './shell.js';

/** @typedef {import('../core/drill.js').Drill} Drill */

const PROCESS = 'linkage-disruption';

export const drillStore = {
  answer: signal(/** @type {Drill | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
};

const running = new Latest();

/** Ask how all go on under the typhoon that is drawn. */
export async function runDrill() {
  const body = drillBody(linkageStore.draft.peek(), now());
  if (!body) return;
  const signal = running.begin();
  drillStore.working.value = true;
  try {
    const answer = /** @type {any} */ (await execute(PROCESS, body, { signal }));
    batch(() => {
      drillStore.answer.value = answer;
      drillStore.error.value = null;
    });
  } catch (error) {
    if (aborted(error) || signal.aborted) return;
    drillStore.error.value = error;
  }
  drillStore.working.value = false;
}

/** Take in the area that is drawn. */
export function watchDrill() {
  takeDrawn('linkage-drill', (_, points) => {
    setShipment({ area: areaText(points) });
    openDrawer('side');
  });
}
