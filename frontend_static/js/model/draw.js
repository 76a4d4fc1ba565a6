// @ts-check
/** What is being measured or drawn; the map's drawing tool follows it. */
import { effect, signal } from '@preact/signals-core';

/** @typedef {import('../core/types.js').DrawState} DrawState */

export const drawStore = { state: signal(/** @type {DrawState} */ ({ mode: null })) };

/** Start drawing in a mode, or stop with null. */
export function startDraw(/** @type {DrawState['mode']} */ mode, /** @type {DrawState['goal']} */ goal = undefined) {
  drawStore.state.value = { mode, goal };
}

/** The tool has drawn so far. */
export function drawn(/** @type {[number, number][]} */ points, /** @type {boolean} */ done) {
  const { mode, goal } = drawStore.state.peek();
  if (mode) drawStore.state.value = { mode, goal, points, done };
}

const SHAPES = /** @type {const} */ ({ point: 'point', line: 'line', polygon: 'area' });

/**
 * Give each thing that is drawn for a form to `take`; the tool ends with it.
 *
 * @param {NonNullable<DrawState['goal']>} goal
 * @param {(shape: 'point' | 'line' | 'area', points: [number, number][]) => void} take
 */
export function takeDrawn(goal, take) {
  effect(() => {
    const { mode, goal: wanted, points, done } = drawStore.state.value;
    if (!done || wanted !== goal || !points) return;
    const shape = SHAPES[/** @type {keyof typeof SHAPES} */ (mode)];
    setTimeout(() => { // after the click that ended it, which selects nothing, and the tool's own work
      startDraw(null);
      take(shape, points);
    });
  });
}
