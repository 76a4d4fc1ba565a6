// @ts-check
/** Temporary restrictions: the draft of one, those in force, the one that is open. */
import { batch, computed, effect, signal, untracked } from '@preact/signals-core';
import { explain, request } from '../core/api.js';
import { NEW_RESTRICTION, differing, drawnFields, fieldOf, restrictionOf } from '../core/air.js';
import { fromInput, moment, rfc3339, t } from '../core/i18n.js';
import { url } from '../core/store.js';
import { takeDrawn } from './draw.js';
import { bump, layerStore } from './layers.js';
import { openDrawer } from './shell.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/air.js').Draft} Draft */
/** @typedef {import('../core/types.js').Restriction} Restriction */

export const LAYER = 'airspace_restrictions';

export const restrictionStore = {
  draft: computed(() => /** @type {Required<Draft>} */ ({ ...NEW_RESTRICTION, ...url.restriction.value })),
  /** Those in force at the time that is asked for; null before they are known. */
  all: signal(/** @type {Restriction[] | null} */ (null)),
  listError: signal(/** @type {unknown} */ (null)),
  /** The one that is open, with the flights that it touches. */
  open: signal(/** @type {Restriction | null} */ (null)),
  /** Why the draft was refused. */
  error: signal(/** @type {unknown} */ (null)),
  working: signal(false),
};

/** The field that the last refusal points at. */
export const wrongRestriction = () => fieldOf(/** @type {any} */ (restrictionStore.error.value)?.body?.pointer);

/** Fill in fields; only what differs from a new restriction is kept. */
export function setRestriction(/** @type {Draft} */ fields) {
  batch(() => {
    url.restriction.value = differing({ ...url.restriction.peek(), ...fields }, NEW_RESTRICTION);
    restrictionStore.error.value = null;
  });
}

/** Fetch what is in force. */
export async function loadRestrictions() {
  try {
    const found = await request('airspace/restrictions', { params: { at: url.time.peek() } });
    restrictionStore.all.value = found.features;
    restrictionStore.listError.value = null;
  } catch (error) {
    restrictionStore.listError.value = error;
  }
}

/** Open a restriction, or close it. */
export function openRestriction(/** @type {string | null} */ id) {
  url.restricted.value = id;
}

/** Fetch the open restriction with the flights that it touches and their receipts. */
export async function refreshRestriction(/** @type {string} */ id) {
  try {
    const found = await request(`airspace/restrictions/${encodeURIComponent(id)}`);
    if (url.restricted.peek() === id) restrictionStore.open.value = found;
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
  }
}

/** Put the draft in force; what is refused stays in the form. */
export async function restrict() {
  restrictionStore.working.value = true;
  restrictionStore.error.value = null;
  try {
    const body = restrictionOf(restrictionStore.draft.peek());
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const made = await request('airspace/restrictions', { method: 'POST', body, headers });
    batch(() => {
      url.restriction.value = {};
      restrictionStore.open.value = made;
      url.restricted.value = made.id;
    });
    toast({ kind: 'ok', text: t('restrict.done', { name: made.properties.name_zh }) });
    bump([LAYER]);
    await Promise.all([loadRestrictions(), refreshRestriction(made.id)]);
  } catch (error) {
    restrictionStore.error.value = error;
  }
  restrictionStore.working.value = false;
}

/** Change a restriction; the version guards against a change by someone else. */
async function change(/** @type {Restriction} */ one, /** @type {string} */ path, /** @type {any} */ options,
  /** @type {(made: Restriction) => string} */ say) {
  restrictionStore.working.value = true;
  try {
    const headers = { 'If-Match': `"${one.properties.version}"` };
    const made = await request(`airspace/restrictions/${one.id}${path}`, { ...options, headers });
    restrictionStore.open.value = made;
    toast({ kind: 'ok', text: say(made) });
    bump([LAYER]);
  } catch (error) {
    toast({ kind: 'bad', text: explain(error) });
    await refreshRestriction(one.id);
  }
  await loadRestrictions();
  restrictionStore.working.value = false;
}

/** End a restriction now. */
export const endRestriction = (/** @type {Restriction} */ one) => change(one, '/end', { method: 'POST', body: {} },
  (made) => t('restrict.ended', { name: made.properties.name_zh }));

/** Let a restriction end sooner or later, at a time as it is typed. */
export const moveEnd = (/** @type {Restriction} */ one, /** @type {string} */ typed) => {
  const at = Date.parse(fromInput(typed));
  const body = { valid_to: Number.isNaN(at) ? typed : rfc3339(at) };
  return change(one, '', { method: 'PATCH', body }, (made) => t('restrict.moved', {
    name: made.properties.name_zh, time: moment(made.properties.valid_to, true) }));
};

const shown = () => url.panel.value === 'air' && url.air.value === 'restrict';

/** Keep list and open restriction in step with the server and the address; take in what is drawn. */
export function watchRestrictions() {
  takeDrawn('restriction', (shape, points) => {
    setRestriction(drawnFields(shape, points));
    openDrawer('side');
  });
  effect(() => {
    void layerStore.bumps.value[LAYER];
    void url.time.value;
    if (shown()) untracked(loadRestrictions);
  });
  effect(() => {
    const id = url.restricted.value;
    void layerStore.bumps.value[LAYER];
    if (!id) restrictionStore.open.value = null;
    else if (shown()) untracked(() => refreshRestriction(id));
  });
}
