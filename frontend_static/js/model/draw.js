// @ts-check
/** What is being measured or drawn; the map's drawing tool follows it. */
import { signal } from '@preact/signals-core';

/** @typedef {import('../core/types.js').DrawState} DrawState */

export const drawStore = { state: signal(/** @type {DrawState} */ ({ mode: null })) };

/** Start drawing in a mode, or stop with null. */
export function startDraw(/** @type {DrawState['mode']} */ mode) {
  drawStore.state.value = { mode };
}

/** The tool has drawn so far. */
export function drawn(/** @type {[number, number][]} */ points, /** @type {boolean} */ done) {
  const { mode } = drawStore.state.peek();
  if (mode) drawStore.state.value = { mode, points, done };
}
