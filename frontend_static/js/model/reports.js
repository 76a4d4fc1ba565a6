// @ts-check
/** Frozen reports: their list, and the editions of the version that is open. */
import { effect, signal, untracked } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { url } from '../core/store.js';
import { sessionStore } from './session.js';

/** @typedef {import('../core/types.js').Report} Report */
/** @typedef {import('../core/types.js').ReportEdition} ReportEdition */

export const reportStore = {
  list: signal(/** @type {Report[] | null} */ (null)),
  error: signal(/** @type {unknown} */ (null)),
  /** The editions of versions that were opened, by report, period and version. */
  editions: signal(/** @type {Record<string, ReportEdition[]>} */ ({})),
};

const newest = new Latest();

/** Follow the session: another one may see other editions. */
export function watchReports() {
  effect(() => {
    void sessionStore.account.value;
    if (url.panel.value === 'scenarios' || url.panel.value === 'heat') untracked(loadReports);
  });
}

/** Read the list again. */
export async function loadReports() {
  reportStore.editions.value = {};
  try {
    reportStore.list.value = (await request('reports', { signal: newest.begin() })).reports;
    reportStore.error.value = null;
  } catch (problem) {
    if (!aborted(problem)) reportStore.error.value = problem;
  }
}

/** The name under which the editions of a version are kept. */
export const versionKey = (/** @type {string} */ id, /** @type {{ period: string, version: number }} */ one) =>
  `${id}/${one.period}/${one.version}`;

/** Read the editions of a version. */
export async function openVersion(/** @type {string} */ id, /** @type {{ period: string, version: number }} */ one) {
  const key = versionKey(id, one);
  if (reportStore.editions.peek()[key]) return;
  try {
    const path = `reports/${encodeURIComponent(id)}/${encodeURIComponent(one.period)}`;
    const { editions } = await request(path, { params: { version: one.version } });
    reportStore.editions.value = { ...reportStore.editions.peek(), [key]: editions };
  } catch (problem) {
    if (!aborted(problem)) reportStore.error.value = problem;
  }
}
