// @ts-check
/** The new end of an event that somebody types: kept while the row changes, never written over another's. */
import { signal } from '@preact/signals-core';
import { Problem, request } from '../core/api.js';
import { fromInput, moment, t, toInput } from '../core/i18n.js';
import { mine, put } from './events.js';
import { toast } from './toasts.js';

/** @typedef {import('../core/types.js').EventFeature} EventFeature */

/**
 * @typedef {object} Draft
 * @property {string} id
 * @property {number} version that the form was opened with
 * @property {string} end that the form was opened with
 * @property {string} text as it is typed
 * @property {{ end: string, by: string | null } | null} theirs what somebody else saved meanwhile
 * @property {unknown} error
 * @property {boolean} sending
 */

export const draftStore = { draft: signal(/** @type {Draft | null} */ (null)) };

const CHANGED = 412;

function update(/** @type {Partial<Draft>} */ more) {
  const held = draftStore.draft.peek();
  if (held) draftStore.draft.value = { ...held, ...more };
}

/** Open the form of an event, or close it. */
export function openDraft(/** @type {EventFeature | null} */ event) {
  const p = event?.properties;
  draftStore.draft.value = event && p ? {
    id: event.id, version: p.version, end: p.valid_to, text: toInput(p.valid_to), theirs: null, error: null,
    sending: false,
  } : null;
}

export const typeEnd = (/** @type {string} */ text) => update({ text });

const same = (/** @type {string} */ a, /** @type {string} */ b) => Date.parse(a) === Date.parse(b);

/** Send the end under a version of the event. @param {Draft} draft @param {number} version @param {string} end */
const send = (draft, version, end) => request(`events/${draft.id}`, {
  method: 'PATCH', body: { valid_to: end }, headers: { 'If-Match': `"${version}"` },
});

/**
 * Save what is typed. Where somebody else has changed the end since the form was opened, both values are
 * shown instead; where only a receipt came in, it is saved under the newer version.
 */
export async function saveDraft() {
  const draft = draftStore.draft.peek();
  if (!draft || draft.sending) return;
  const end = fromInput(draft.text);
  update({ sending: true, error: null });
  try {
    mine(draft.id);
    const saved = await send(draft, draft.version, end).catch((error) => afterChange(draft, end, error));
    if (!saved) return;
    put(saved);
    openDraft(null);
    toast({ kind: 'ok', text: t('events.saved', { time: moment(end, true) }) });
  } catch (error) {
    update({ error, sending: false });
  }
}

/** @param {Draft} draft @param {string} end @param {unknown} error @returns {Promise<EventFeature | null>} */
async function afterChange(draft, end, error) {
  if (!(error instanceof Problem && error.status === CHANGED)) throw error;
  const now = await request(`events/${draft.id}`);
  const { version, valid_to: until, updated_by: by, state } = now.properties;
  if (state === 'open' && same(until, draft.end)) return send(draft, version, end);
  put(now);
  update({ version, end: until, theirs: { end: until, by: by ?? null }, sending: false });
  return null;
}

/** Leave the end as somebody else has saved it. */
export const keepTheirs = () => openDraft(null);
