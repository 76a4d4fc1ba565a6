// @ts-check
/** Events: the open list, closures, undo, acknowledgement; and what the stream says about them. */
import { explain, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { maybe, moment, nameOf, pick, t } from '../core/i18n.js';
import { networkChanged } from './path.js';
import { account, data, toast, url } from '../core/store.js';

/** @typedef {import('../core/types.js').EventFeature} EventFeature */

const UNDO_ROLES = ['admin', 'dispatcher', 'duty'];

const ECHO_MS = 3000;
/** What asks for a receipt of a desk; risks and hazards are layers of their own. */
const DESK_KINDS = ['closure', 'incident', 'lane_loss', 'speed', 'weather_limit'];
/** Ways of writing that mark a layer as drawn from events. */
const EVENT_LAYERS = new Set(['undo', 'event']);

/** Ids that this page itself changed a moment ago: their echo on the stream makes no second message. */
const own = {
  ids: new Set(),
  has: (/** @type {string} */ id) => own.ids.has(id),
  add(/** @type {string} */ id) {
    own.ids.add(id);
    setTimeout(() => own.ids.delete(id), ECHO_MS);
  },
};

/** Tell whether the account may close, undo and acknowledge. */
export const mayDecide = () => UNDO_ROLES.includes(account.value?.role ?? '');

/** Name an event. */
export function titleOf(/** @type {EventFeature} */ event) {
  const p = event.properties;
  const cause = p.cause ? maybe(`cause.${p.cause}`, String(p.cause)) : '';
  const kind = maybe(`kind.${p.kind}`, String(p.kind ?? ''));
  return pick({ zh: p.title_zh || null, en: p.title_en || null }) || nameOf(p, '') || [kind, cause].filter(Boolean).join(' · ') || event.id;
}

export const isOpen = (/** @type {EventFeature} */ event) => (event.properties.state ?? 'open') === 'open';

/** Tell whether an event is a closure, which can be undone and extended. */
export const isClosure = (/** @type {EventFeature} */ event) => event.properties.kind === 'closure';

/** Tell whether the account's own desk has still to acknowledge. */
export const awaits = (/** @type {EventFeature} */ event) =>
  (event.properties.receipts ?? []).some((receipt) => receipt.party === account.value?.scope && !receipt.acknowledged_at);

/** Tell whether an event is an alarm: it waits for this desk, and somebody else decided it. */
export const alarms = (/** @type {EventFeature} */ event) =>
  mayDecide() && isOpen(event) && awaits(event) && event.properties.created_by !== account.value?.id;

/** Fetch the open events of the desk. */
export async function loadEvents() {
  try {
    const ask = (/** @type {string} */ kind) => request('events', { params: { state: 'open', kind } });
    const answers = await Promise.all(DESK_KINDS.map(ask));
    data.events.value = answers.flatMap((answer) => answer.features);
    data.eventsError.value = null;
  } catch (error) {
    data.eventsError.value = /** @type {Error} */ (error);
  } finally {
    data.eventsLoaded.value = true;
  }
}

/** Writes on their way; what the stream says meanwhile waits for their answers. */
let writing = 0;
/** @type {EventFeature[]} */
let held = [];

/** Send a write about events. @template T @param {() => Promise<T>} send @returns {Promise<T>} */
async function writes(send) {
  writing++;
  try {
    return await send();
  } finally {
    writing--;
    const waiting = held;
    held = [];
    queueMicrotask(() => waiting.forEach(receive));
  }
}

function put(/** @type {EventFeature} */ event) {
  const rest = data.events.peek().filter((entry) => entry.id !== event.id);
  data.events.value = isOpen(event) && DESK_KINDS.includes(event.properties.kind) ? [event, ...rest] : rest;
}

function bumpClosures() {
  const touched = (data.catalogue.peek()?.layers ?? []).filter((layer) => layer.editable && EVENT_LAYERS.has(layer.editable.kind));
  const next = { ...data.bumps.peek() };
  for (const layer of touched) next[layer.id] = (next[layer.id] ?? 0) + 1;
  data.bumps.value = next;
}

/** Close a target; offers the undo in a message. */
export async function close(
  /** @type {string} */ label,
  /** @type {Record<string, unknown>} */ body,
) {
  /** @type {EventFeature} */
  const event = await writes(async () => {
    const made = await request('events', { method: 'POST', body: { kind: 'closure', ...body } });
    own.add(made.id);
    return made;
  });
  put(event);
  bumpClosures();
  url.event.value = event.id;
  if (data.path.peek().state !== 'empty') url.panel.value = 'path';
  networkChanged(event.properties.network_version);
  toast({
    kind: 'ok',
    sticky: true,
    text: t('closure.done', { name: label, count: event.properties.edges?.length ?? 0 }),
    action: { label: t('events.undo'), run: () => undo(event.id) },
  });
  return event;
}

/** Undo an event; the network returns to what it was. */
export async function undo(/** @type {string} */ id) {
  try {
    own.add(id);
    const event = await request(`events/${id}/undo`, { method: 'POST', body: {} });
    put(event);
    bumpClosures();
    if (url.event.peek() === id) url.event.value = null;
    networkChanged(event.properties.network_version);
    toast({ kind: stillClosed(event) ? 'warn' : 'ok', sticky: stillClosed(event), text: undone(event) });
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
}

/** Acknowledge an event for the account's own unit. */
export async function acknowledge(/** @type {string} */ id) {
  try {
    own.add(id);
    put(await request(`events/${id}/acknowledge`, { method: 'POST', body: {} }));
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
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
  const named = event.properties.still_closed_by.map((/** @type {any} */ one) => pick(one.title) || t('events.restricted'));
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
  if (writing > 0) {
    held.push(event);
    return;
  }
  const old = data.events.peek().find((entry) => entry.id === event.id);
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
  url.panel.value = 'events';
  url.event.value = id;
  data.drawer.value = 'side';
}
