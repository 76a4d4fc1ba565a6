// @ts-check
/** The button that takes an event back, and the question that comes once before. */
import { html } from 'lit';
import { t } from '../../core/i18n.js';
import { askUndo, closedUntil, closers, deskStore, isClosure, mayChange, undo } from '../../model/events.js';

/** @typedef {import('../../core/types.js').EventFeature} EventFeature */

/** Draw the button, where the server would let this account do it; `of` names it for tests. */
export function undoButton(/** @type {EventFeature} */ event, of = 'event') {
  if (!mayChange(event) || deskStore.asking.value?.id === event.id) return '';
  const off = deskStore.working.value === event.id;
  return html`<button class="danger" data-testid="${of}-undo" ?disabled=${off} @click=${() => askUndo(event.id)}
    >${t(event.properties.kind === 'incident' ? 'events.end' : 'events.undo')}</button>`;
}

/** Ask once, with what would keep the roads closed and until when. */
export function undoQuestion(/** @type {EventFeature} */ event) {
  const asking = deskStore.asking.value;
  if (asking?.id !== event.id) return '';
  const off = deskStore.working.value === event.id || asking.still === null;
  return html`<div class="question" role="group" aria-label=${t('events.undo')} data-testid="undo-question"
    data-still=${asking.still?.length ?? ''}>
    ${asking.still === null ? html`<p class="muted">${t('preview.asking')}</p>` : said(event, asking.still)}
    <div class="actions">
      <button class="danger" data-testid="event-undo-confirm" ?disabled=${off} @click=${() => undo(event.id)}
        >${t(asking.still?.length ? 'events.undo_still' : 'events.undo_confirm')}</button>
      <button data-testid="event-undo-cancel" @click=${() => askUndo(null)}>${t('app.cancel')}</button>
    </div></div>`;
}

/** @param {EventFeature} event @param {import('../../core/types.js').StillClosed[]} still */
function said(event, still) {
  if (!still.length) return html`<p>${t(isClosure(event) ? 'events.undo_opens' : 'events.undo_ends')}</p>`;
  const until = closedUntil(still);
  return html`<p class="warn" data-testid="undo-still"><b>${until
    ? t('events.undo_closed_until', { time: until })
    : t('events.undo_closed')}</b><br />${closers(still)}</p>`;
}
