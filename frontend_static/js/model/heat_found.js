// @ts-check
/** The scan for clusters and the density along roads: runs over what is chosen, and what came out. */
import { computed, effect, signal, untracked } from '@preact/signals-core';
import { aborted } from '../core/api.js';
import { execute } from '../core/execute.js';
import { TOOLS, toolInputs } from '../core/heat.js';
import { url } from '../core/store.js';
import { countedQuestion, heatLayer, heatShown, heatStore, setHeat } from './heat.js';

/** @typedef {import('../core/types.js').Feature} Feature */
/** @typedef {typeof TOOLS[number]} Tool */

/**
 * @typedef {object} Done - what came out
 * @property {'done'} state
 * @property {Feature[]} features clusters or lixels
 * @property {Record<string, any>} summary of the process
 * @property {Record<string, string>} question the records that it is of
 * @property {string} inputs all that was asked, as JSON
 *
 * @typedef {{ state: 'running', progress: number, message: string } | { state: 'failed', error: unknown } | Done} Run
 */

const PROCESSES = { scan: 'heat-scan', roads: 'network-heat' };
/** The output that the map shows. */
const DRAWN = { scan: 'clusters', roads: 'lixels' };

const runs = signal(/** @type {Record<Tool, Run | null>} */ ({ scan: null, roads: null }));
/** What ends the runs that are under way. @type {Record<Tool, AbortController | null>} */
const ends = { scan: null, roads: null };

/** The tool that is chosen. */
export const tool = computed(() => TOOLS.find((one) => one === heatStore.asked.value.tool) ?? 'scan');

export const foundStore = {
  runs,
  /** The newest run of the tool that is chosen. */
  run: computed(() => runs.value[tool.value]),
  /** Rank of the cluster that is open. */
  open: signal(/** @type {number | null} */ (null)),
};

/** What would be asked now; null where the choice cannot be asked for. */
export const foundInputs = computed(() =>
  (countedQuestion.value ? JSON.stringify(toolInputs(heatStore.asked.value, countedQuestion.value)) : null));

/** What the map shows of the tool that is chosen; null for nothing. */
export const foundShown = computed(() => {
  const run = foundStore.run.value;
  return heatShown.value && heatLayer.value && run?.state === 'done' ? run : null;
});

function note(/** @type {Tool} */ of, /** @type {Run | null} */ run) {
  runs.value = { ...runs.peek(), [of]: run };
}

/** Open a cluster by its rank. */
export function openCluster(/** @type {number} */ rank) {
  foundStore.open.value = rank;
}

/** Choose a tool; what it found before is shown again. */
export function chooseTool(/** @type {Tool} */ next) {
  setHeat({ tool: next, ran: runs.peek()[next]?.state === 'done' ? next : '' });
}

/** Run the tool that is chosen over what is chosen. */
export async function runTool() {
  const [of, inputs, question] = [tool.peek(), foundInputs.peek(), countedQuestion.peek()];
  if (!inputs || !question) return;
  ends[of]?.abort();
  const own = new AbortController();
  ends[of] = own;
  const { signal } = own;
  const told = ({ progress = 0, message = '' }) => note(of, { state: 'running', progress, message });
  told({});
  setHeat({ ran: of });
  try {
    const found = await execute(PROCESSES[of], JSON.parse(inputs), { signal, told });
    if (signal.aborted) return;
    if (of === 'scan') foundStore.open.value = null;
    note(of, { state: 'done', features: found[DRAWN[of]].features, summary: found.summary, question, inputs });
  } catch (error) {
    if (!aborted(error) && !signal.aborted) note(of, { state: 'failed', error });
  }
}

/** End the run of the tool that is chosen, or take off what it found. */
export function clearTool() {
  const of = tool.peek();
  ends[of]?.abort();
  ends[of] = null;
  note(of, null);
  setHeat({ ran: '' });
}

/** Run what a link says was run. */
export function watchFound() {
  effect(() => {
    const linked = heatStore.asked.value.ran === tool.value && url.panel.value === 'heat';
    if (linked && heatLayer.value && foundInputs.value && !foundStore.run.peek()) untracked(runTool);
  });
}
