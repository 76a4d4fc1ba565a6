// @ts-check
/** Events: the open list, closures, undo, acknowledgement; and what the stream says about them. */
import { batch, signal } from '@preact/signals-core';
import { explain, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { maybe, moment, nameOf, pick, t } from '../core/i18n.js';
import { url } from '../core/store.js';
import { bump, layerStore } from './layers.js';
import { networkChanged } from './path.js';
import { planStore } from './plan.js';
import { mayDecide, sessionStore } from './session.js';
import { openDrawer, showPanel } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').EventFeature} EventFeature */
/** @typedef {import('../core/types.js').ClosureTarget} ClosureTarget */

const ECHO_MS = 3000;
/** What asks for a receipt of a desk; risks and hazards are layers of their own. */
const DESK_KINDS = ['closure', 'incident', 'lane_loss', 'speed', 'weather_limit', 'depth_limit'];
/** Ways of writing that mark a layer as drawn from events. */
const EVENT_LAYERS = new Set(['undo', 'event']);

export const deskStore = {
  events: signal(/** @type {EventFeature[]} */ ([])),
  error: signal(/** @type {Error | null} */ (null)),
  loaded: signal(false),
  /** The id of the event that is marked. */
  current: url.event,
  /** The id of the event that is being acknowledged or undone. */
  working: signal(/** @type {string | null} */ (null)),
  /** What the open form is about to close. */
  closing: signal(/** @type {ClosureTarget | null} */ (null)),
  /** Writes on their way; what the stream says meanwhile waits for their answers. */
  writing: signal(0),
  waiting: signal(/** @type {EventFeature[]} */ ([])),
};

/** Ids that this page itself changed a moment ago: their echo on the stream makes no second message. */
const own = {
  ids: new Set(),
  has: (/** @type {string} */ id) => own.ids.has(id),
  add(/** @type {string} */ id) {
    own.ids.add(id);
    setTimeout(() => own.ids.delete(id), ECHO_MS);
  },
};

/** Open the form that closes something, or shut it. */
export function startClosing(/** @type {ClosureTarget | null} */ target) {
  deskStore.closing.value = target;
}

/** Mark an event of the desk. */
export function markEvent(/** @type {string | null} */ id) {
  deskStore.current.value = id;
}

/** Name an event. */
export function titleOf(/** @type {EventFeature} */ event) {
  const p = event.properties;
  const cause = p.cause ? maybe(`cause.${p.cause}`, String(p.cause)) : '';
  const kind = maybe(`kind.${p.kind}`, String(p.kind ?? ''));
  const title = pick({ zh: p.title_zh || null, en: p.title_en || null });
  return title || nameOf(p, '') || [kind, cause].filter(Boolean).join(' · ') || event.id;
}

export const isOpen = (/** @type {EventFeature} */ event) => (event.properties.state ?? 'open') === 'open';

/** Tell whether an event is a closure, which can be undone and extended. */
export const isClosure = (/** @type {EventFeature} */ event) => event.properties.kind === 'closure';

/** Tell whether the account's own desk has still to acknowledge. */
export const awaits = (/** @type {EventFeature} */ event) =>
  (event.properties.receipts ?? []).some(
    (receipt) => receipt.party === sessionStore.account.value?.scope && !receipt.acknowledged_at,
  );

/** Tell whether an event is an alarm: it waits for this desk, and somebody else decided it. */
export const alarms = (/** @type {EventFeature} */ event) =>
  mayDecide() && isOpen(event) && awaits(event) && event.properties.created_by !== sessionStore.account.value?.id;

/** Fetch the open events of the desk. */
export async function loadEvents() {
  try {
    const ask = (/** @type {string} */ kind) => request('events', { params: { state: 'open', kind } });
    const answers = await Promise.all(DESK_KINDS.map(ask));
    deskStore.events.value = answers.flatMap((answer) => answer.features);
    deskStore.error.value = null;
  } catch (error) {
    deskStore.error.value = /** @type {Error} */ (error);
  } finally {
    deskStore.loaded.value = true;
  }
}

/** Send a write about events. @template T @param {() => Promise<T>} send @returns {Promise<T>} */
async function writes(send) {
  deskStore.writing.value = deskStore.writing.peek() + 1;
  try {
    return await send();
  } finally {
    const waiting = deskStore.waiting.peek();
    batch(() => {
      deskStore.writing.value = deskStore.writing.peek() - 1;
      deskStore.waiting.value = [];
    });
    queueMicrotask(() => waiting.forEach(receive));
  }
}

function put(/** @type {EventFeature} */ event) {
  const rest = deskStore.events.peek().filter((entry) => entry.id !== event.id);
  const listed = isOpen(event) && DESK_KINDS.includes(event.properties.kind);
  deskStore.events.value = listed ? [event, ...rest] : rest;
}

function bumpClosures() {
  const all = layerStore.catalogue.peek()?.layers ?? [];
  bump(all.filter((layer) => layer.editable && EVENT_LAYERS.has(layer.editable.kind)).map((layer) => layer.id));
}

/** Close a target; offers the undo in a message. */
export async function close(/** @type {string} */ label, /** @type {Record<string, unknown>} */ body) {
  /** @type {EventFeature} */
  const event = await writes(async () => {
    const made = await request('events', { method: 'POST', body: { kind: 'closure', ...body } });
    own.add(made.id);
    return made;
  });
  put(event);
  bumpClosures();
  markEvent(event.id);
  if (planStore.path.peek().state !== 'empty') showPanel('path');
  networkChanged(event.properties.network_version);
  toast({
    kind: 'ok',
    sticky: true,
    text: t('closure.done', { name: label, count: event.properties.edges?.length ?? 0 }),
    action: { label: t('events.undo'), run: () => undo(event.id) },
  });
  return event;
}

/** Write about one event: it is marked as worked on, and a problem is told. */
async function work(/** @type {string} */ id, /** @type {() => Promise<void>} */ write) {
  deskStore.working.value = id;
  try {
    own.add(id);
    await write();
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  } finally {
    deskStore.working.value = null;
  }
}

/** Undo an event; the network returns to what it was. */
export function undo(/** @type {string} */ id) {
  return work(id, async () => {
    const event = await request(`events/${id}/undo`, { method: 'POST', body: {} });
    put(event);
    bumpClosures();
    if (deskStore.current.peek() === id) markEvent(null);
    networkChanged(event.properties.network_version);
    toast({ kind: stillClosed(event) ? 'warn' : 'ok', sticky: stillClosed(event), text: undone(event) });
  });
}

/** Acknowledge an event for the account's own unit. */
export function acknowledge(/** @type {string} */ id) {
  return work(id, async () => {
    put(await request(`events/${id}/acknowledge`, { method: 'POST', body: {} }));
  });
}

/** Change the end of an event; the version guards against a change by someone else. */
export async function extend(/** @type {EventFeature} */ event, /** @type {string} */ until) {
  try {
    own.add(event.id);
    const headers = { 'If-Match': `"${event.properties.version}"` };
    const body = { valid_to: until };
    put(await request(`events/${event.id}`, { method: 'PATCH', body, headers }));
    toast({ kind: 'ok', text: t('events.saved', { time: moment(until, true) }) });
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
    loadEvents();
  }
}

const stillClosed = (/** @type {EventFeature} */ event) => (event.properties.still_closed_by?.length ?? 0) > 0;

/** Say that an event was undone, and what else keeps its roads closed. */
function undone(/** @type {EventFeature} */ event) {
  const title = titleOf(event);
  if (!stillClosed(event)) return t('events.undone', { title });
  const nameOfOther = (/** @type {any} */ one) => pick(one.title) || t('events.restricted');
  const named = event.properties.still_closed_by.map(nameOfOther);
  return t('events.still_closed', { title, by: named.join(t('events.and')) });
}

/** Say in one line what happened to an event. */
function message(/** @type {EventFeature} */ event, /** @type {EventFeature | undefined} */ old) {
  const title = titleOf(event);
  if (event.properties.state === 'undone') return undone(event);
  if (!isOpen(event)) return t('events.ended', { title });
  if (!old) return t('events.arrived', { title });
  const known = new Map((old.properties.receipts ?? []).map((r) => [r.party, r.acknowledged_at]));
  const fresh = (event.properties.receipts ?? []).find((r) => r.acknowledged_at && !known.get(r.party));
  if (fresh) return t('events.receipt', { party: pick(fresh.name) || fresh.party, title });
  return t('events.changed', { title });
}

/** Ask again shortly after a change: other desks' delivery times come in by then. */
const later = debounce(loadEvents, 1500);

/** Take in an event that the stream brought. */
export function receive(/** @type {EventFeature} */ event) {
  if (deskStore.writing.peek() > 0) {
    deskStore.waiting.value = [...deskStore.waiting.peek(), event];
    return;
  }
  const old = deskStore.events.peek().find((entry) => entry.id === event.id);
  put(event);
  later();
  bumpClosures();
  networkChanged(event.properties.network_version);
  if (own.has(event.id) || (!old && alarms(event))) return;
  toast({
    kind: isOpen(event) && !old ? 'warn' : 'info',
    text: message(event, old),
    action: { label: t('events.show'), run: () => show(event.id) },
  });
}

/** Open an event at the desk. */
export function show(/** @type {string} */ id) {
  markEvent(id);
  showPanel('events');
  openDrawer('side');
}
