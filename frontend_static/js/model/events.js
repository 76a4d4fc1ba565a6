// @ts-check
/** Events: the open list, undo, acknowledgement; and what the stream says about them. */
import { batch, signal } from '@preact/signals-core';
import { explain, request } from '../core/api.js';
import { debounce } from '../core/base.js';
import { now } from '../core/clock.js';
import { calledFor, lastEnd, stakes } from '../core/desk.js';
import { maybe, moment, nameOf, pick, t } from '../core/i18n.js';
import { anchor } from '../core/geo.js';
import { url } from '../core/store.js';
import { bump, layerStore } from './layers.js';
import { networkChanged } from './path.js';
import { mayDecide, sessionStore } from './session.js';
import { openDrawer, showPanel } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').EventFeature} EventFeature */
/** @typedef {import('../core/types.js').ClosureTarget} ClosureTarget */
/** @typedef {import('../core/types.js').StillClosed} StillClosed */

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
  /** The event that is about to be taken back, and what would keep its roads closed; null until that is known. */
  asking: signal(/** @type {{ id: string, still: StillClosed[] | null } | null} */ (null)),
  /** How alarms repeat, and who is called when nobody signs. */
  alarm: signal(/** @type {import('../core/types.js').AlarmRule | null} */ (null)),
  /** The time by the server, renewed every few seconds: who is called by now follows from it. */
  clock: signal(now()),
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

/** Tell whether an event shuts roads. */
export const isClosure = (/** @type {EventFeature} */ event) => event.properties.kind === 'closure';

/** Tell whether the server would let this account take an event back, or change it. */
export const mayChange = (/** @type {EventFeature} */ event) => event.properties.may?.change === true;

/** Where an event is, in words: stakes and the town that the side leads to, structure or road, and the county. */
export function placeOf(/** @type {EventFeature} */ { geometry, properties: p }) {
  const { towards, structure, road, area } = p.place ?? {};
  const sides = p.direction === 'both' ? t('closure.both') : '';
  const at = stakes(p.stake);
  const where = at
    ? [at, pick(towards) ? t('events.towards', { town: pick(towards) }) : sides].filter(Boolean).join(' ')
    : pick(structure) || [road?.ref, pick(road)].filter(Boolean).join(' ');
  const around = pick(area);
  if (where || around) return [where, around].filter(Boolean).join(' · ');
  const point = anchor(geometry);
  return point ? `${point[0].toFixed(4)}, ${point[1].toFixed(4)}` : t('events.no_place');
}

/** Tell whether the account's own desk has still to acknowledge. */
export const awaits = (/** @type {EventFeature} */ event) =>
  (event.properties.receipts ?? []).some(
    (receipt) => receipt.party === sessionStore.account.value?.scope && !receipt.acknowledged_at,
  );

/** The desks whose silence calls this one by now. */
export const callsMe = (/** @type {EventFeature} */ event) =>
  calledFor(event, deskStore.alarm.value, sessionStore.account.value?.scope ?? '', deskStore.clock.value)
    .filter((party) => event.properties.may?.acknowledge?.includes(party));

/**
 * Tell whether an event is an alarm: it waits for this desk, and somebody else decided it; or another
 * desk has not signed in time and this one is called.
 */
export const alarms = (/** @type {EventFeature} */ event) =>
  mayDecide() && isOpen(event) && (callsMe(event).length > 0
    || (awaits(event) && event.properties.created_by !== sessionStore.account.value?.id));

/** Fetch the open events of the desk. */
export async function loadEvents() {
  try {
    const ask = (/** @type {string} */ kind) => request('events', { params: { state: 'open', kind } });
    const answers = await Promise.all(DESK_KINDS.map(ask));
    batch(() => {
      deskStore.alarm.value = answers[0].alarm ?? null;
      deskStore.events.value = answers.flatMap((answer) => answer.features);
      deskStore.error.value = null;
    });
  } catch (error) {
    deskStore.error.value = /** @type {Error} */ (error);
  } finally {
    deskStore.loaded.value = true;
  }
}

/** Send a write about events. @template T @param {() => Promise<T>} send @returns {Promise<T>} */
export async function writes(send) {
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

/** Take an event into the list, or out of it when it is over. */
export function put(/** @type {EventFeature} */ event) {
  const rest = deskStore.events.peek().filter((entry) => entry.id !== event.id);
  const listed = isOpen(event) && DESK_KINDS.includes(event.properties.kind);
  deskStore.events.value = listed ? [event, ...rest] : rest;
}

/** Have the map fetch anew what is drawn from events. */
export function bumpClosures() {
  const all = layerStore.catalogue.peek()?.layers ?? [];
  bump(all.filter((layer) => layer.editable && EVENT_LAYERS.has(layer.editable.kind)).map((layer) => layer.id));
}

/** Remember that this page itself changed an event: its echo makes no second message. */
export const mine = (/** @type {string} */ id) => own.add(id);

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

/** Ask once before an event is taken back, with what would keep its roads closed. */
export async function askUndo(/** @type {string | null} */ id) {
  deskStore.asking.value = id ? { id, still: null } : null;
  if (!id) return;
  try {
    const event = await request(`events/${id}`);
    put(event);
    const still = event.properties.still_closed_by ?? [];
    if (deskStore.asking.peek()?.id === id) deskStore.asking.value = { id, still };
  } catch (error) {
    deskStore.asking.value = null;
    toast({ kind: 'bad', text: explain(error) });
  }
}

/** Undo an event; the network returns to what it was. */
export function undo(/** @type {string} */ id) {
  return work(id, async () => {
    const event = await request(`events/${id}/undo`, { method: 'POST', body: {} });
    deskStore.asking.value = null;
    put(event);
    bumpClosures();
    if (deskStore.current.peek() === id) markEvent(null);
    networkChanged(event.properties.network_version);
    toast({ kind: stillClosed(event) ? 'warn' : 'ok', sticky: stillClosed(event), text: undone(event) });
  });
}

/** Acknowledge an event for the account's own unit, or for one that did not. */
export function acknowledge(/** @type {string} */ id, /** @type {string | undefined} */ party = undefined) {
  return work(id, async () => {
    put(await request(`events/${id}/acknowledge`, { method: 'POST', body: party ? { party } : {} }));
  });
}

const stillClosed = (/** @type {EventFeature} */ event) => (event.properties.still_closed_by?.length ?? 0) > 0;

/** Say that an event was undone, and what else keeps its roads closed. */
function undone(/** @type {EventFeature} */ event) {
  const title = titleOf(event);
  if (!stillClosed(event)) return t('events.undone', { title });
  return t('events.still_closed', { title, by: closers(event.properties.still_closed_by) });
}

/** Name what closes a road, and until when. */
export const closers = (/** @type {StillClosed[]} */ all) => all.map((one) => {
  const title = pick(one.title) || t('events.restricted');
  return one.valid_to ? t('events.until', { title, time: moment(one.valid_to, true) }) : title;
}).join(t('events.and'));

/** Until when a road is closed by all of these; empty where that is not told. */
export const closedUntil = (/** @type {StillClosed[]} */ all) => {
  const end = lastEnd(all);
  return end ? moment(end, true) : '';
};

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
