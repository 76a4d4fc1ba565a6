// @ts-check
/** What is about to be entered at a place: looked at before, and sent. */
import { batch, signal } from '@preact/signals-core';
import { aborted, request } from '../core/api.js';
import { Latest } from '../core/latest.js';
import { t } from '../core/i18n.js';
import { askUndo, bumpClosures, markEvent, mine, put, show, startClosing, writes } from './events.js';
import { networkChanged } from './path.js';
import { planStore } from './plan.js';
import { openDrawer, showPanel } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {ReturnType<typeof import('../core/desk.js').requestOf>} Entered */
/** @typedef {import('../core/types.js').Preview} Preview */
/** @typedef {import('../core/types.js').Detour} Detour */

export const closingStore = {
  /** What the server says of what the form holds; `key` is what it was asked about. */
  preview: signal(/** @type {{ key: string, state: 'loading' | 'ready' | 'error', found?: Preview, error?: unknown }
    | null} */ (null)),
  /** How traffic drives round what would be closed. */
  detour: signal(/** @type {{ state: 'loading' | 'ready' | 'error', stretches?: Detour[], error?: unknown } | null} */
    (null)),
};

const newest = new Latest();
const round = new Latest();

/** Open the form for a stretch of a route, with nothing looked at yet. */
export function closeSpan(/** @type {import('../core/types.js').Span} */ span, /** @type {string} */ label) {
  batch(() => {
    closingStore.preview.value = null;
    startClosing({ label, span, directed: false });
    showPanel('events');
    openDrawer('side');
  });
}

/** Forget what was looked at. */
export function forgetPreview() {
  newest.abort();
  round.abort();
  batch(() => {
    closingStore.preview.value = null;
    closingStore.detour.value = null;
  });
}

/**
 * Ask what something would act on; nothing is written. What was found before stays until the answer comes.
 *
 * @param {Entered} entered @returns {Promise<Preview | null>}
 */
export async function look({ path, body }) {
  const key = JSON.stringify(body);
  const held = closingStore.preview.peek();
  if (held?.key === key && held.state === 'ready') return held.found ?? null;
  if (path === 'incidents') return null;
  const signal_ = newest.begin();
  closingStore.preview.value = { key, state: 'loading', found: held?.found };
  try {
    const found = await request('events/preview', { method: 'POST', body, signal: signal_ });
    closingStore.preview.value = { key, state: 'ready', found };
    findDetour(body);
    return found;
  } catch (error) {
    if (!aborted(error)) closingStore.preview.value = { key, state: 'error', error };
    return null;
  }
}

/** Ask how traffic drives round a stretch; areas have no one way round. */
async function findDetour(/** @type {Record<string, any>} */ body) {
  round.abort();
  if (body.kind !== 'closure' || body.target?.polygon) {
    closingStore.detour.value = null;
    return;
  }
  closingStore.detour.value = { state: 'loading', stretches: closingStore.detour.peek()?.stretches };
  try {
    const found = await request('events/detour', { method: 'POST', body, signal: round.begin() });
    closingStore.detour.value = { state: 'ready', stretches: found.stretches };
  } catch (error) {
    if (!aborted(error)) closingStore.detour.value = { state: 'error', error };
  }
}

/** Enter it; the message offers to take it back. @param {string} label @param {Entered} entered */
export async function enter(label, { path, body }) {
  /** @type {import('../core/types.js').EventFeature} */
  const event = await writes(async () => {
    const made = await request(path, { method: 'POST', body });
    mine(made.id);
    return made;
  });
  put(event);
  bumpClosures();
  markEvent(event.id);
  if (planStore.path.peek().state !== 'empty' && path === 'events') showPanel('path');
  networkChanged(event.properties.network_version);
  const again = () => {
    show(event.id);
    askUndo(event.id);
  };
  const count = event.properties.edge_count ?? 0;
  toast({
    kind: 'ok',
    sticky: true,
    text: path === 'incidents' ? t(event.properties.merged ? 'closure.merged' : 'closure.reported', { name: label })
      : t(body.kind === 'closure' ? 'closure.done' : 'closure.entered', { name: label, count }),
    action: { label: t('events.undo'), run: again },
  });
  return event;
}
