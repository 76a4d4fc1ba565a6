// @ts-check
/** Run processes of the server: at once, or as jobs that are waited for and can be dismissed. */
import { address, request, send } from './api.js';

/** @typedef {{ progress?: number, message?: string }} Told how far a job is, and with what */

const [FIRST_MS, MOST_MS, SLOWER] = [200, 1500, 1.4];
const ENDED = new Set(['successful', 'failed', 'dismissed']);

/** Wait a while, or until a signal ends it. */
const pause = (/** @type {number} */ ms, /** @type {AbortSignal | undefined} */ signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal?.addEventListener('abort', resolve, { once: true });
  });

/**
 * Run a process and return its outputs by name, whole ones.
 *
 * @param {string} process
 * @param {Record<string, unknown>} inputs
 * @param {{ signal?: AbortSignal, told?: (job: Told) => void }} [options] `signal` dismisses the job
 * @returns {Promise<Record<string, any>>}
 */
export async function execute(process, inputs, { signal, told } = {}) {
  const body = { inputs, response: 'document' };
  const answer = await send(address(`processes/${process}/execution`), { method: 'POST', body, signal });
  const first = await answer.json();
  const found = answer.status === 201 ? await ended(first.jobID, signal, told) : first;
  const whole = Object.entries(found).map(async ([name, value]) => [name, await wholeOf(value, signal)]);
  return Object.fromEntries(await Promise.all(whole));
}

/**
 * Wait for a job and read its results; those of a failed one are its problem.
 *
 * @param {string} job @param {AbortSignal | undefined} signal @param {((job: Told) => void) | undefined} told
 */
async function ended(job, signal, told) {
  for (let wait = FIRST_MS; ; wait = Math.min(wait * SLOWER, MOST_MS)) {
    if (signal?.aborted) {
      // One that has just ended is no longer there to be dismissed, which is as good.
      await request(`jobs/${job}`, { method: 'DELETE' }).catch(() => null);
      throw signal.reason;
    }
    const state = await request(`jobs/${job}`);
    if (ENDED.has(state.status)) return request(`jobs/${job}/results`, { signal });
    told?.(state);
    await pause(wait, signal);
  }
}

/** The value of an output; of a large one that is linked, all pages of its features. */
async function wholeOf(/** @type {any} */ output, /** @type {AbortSignal | undefined} */ signal) {
  if (output?.mediaType) return output.value;
  if (!(output?.href && output.rel === 'item')) return output;
  let page = await request(output.href, { signal });
  const features = page.features;
  for (;;) {
    const next = page.links?.find((/** @type {{ rel: string }} */ { rel }) => rel === 'next');
    if (!next) return features ? { type: 'FeatureCollection', features } : page;
    page = await request(next.href, { signal });
    features.push(...page.features);
  }
}
