// @ts-check
/** The form of an event's new end; what another user saved meanwhile stands beside what is typed. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { INPUT_PATTERN, moment, t } from '../../core/i18n.js';
import { draftStore, keepTheirs, openDraft, saveDraft, typeEnd } from '../../model/end_draft.js';

/** Draw the form of an event, where it is open. */
export function endForm(/** @type {string} */ id) {
  const draft = draftStore.draft.value;
  if (draft?.id !== id) return '';
  const save = (/** @type {SubmitEvent} */ submit) => {
    submit.preventDefault();
    saveDraft();
  };
  const type = (/** @type {any} */ event) => typeEnd(event.target.value);
  return html`<form class="closure" data-testid="extend-form" @submit=${save}>
    <label>${t('closure.until')}<input type="text" name="valid_to" required pattern=${INPUT_PATTERN}
      data-testid="extend-until" .value=${draft.text} @input=${type} /></label>
    ${draft.theirs ? conflict(draft) : ''}
    ${draft.error ? html`<p class="failure" role="alert" data-testid="extend-error">${explain(draft.error)}</p>` : ''}
    <div class="actions">
      <button type="submit" data-testid="extend-save" ?disabled=${draft.sending}
        >${t(draft.theirs ? 'events.save_mine' : 'events.save')}</button>
      ${draft.theirs
        ? html`<button type="button" data-testid="extend-theirs" @click=${keepTheirs}
            >${t('events.keep_theirs')}</button>`
        : html`<button type="button" data-testid="extend-cancel" @click=${() => openDraft(null)}
            >${t('app.cancel')}</button>`}
    </div>
  </form>`;
}

/** Both values: another user's, which is saved, and the one that is typed. */
function conflict(/** @type {import('../../model/end_draft.js').Draft} */ { theirs, text }) {
  const who = theirs?.by ?? t('events.somebody');
  return html`<div class="warn" role="alert" data-testid="extend-conflict">
    <p>${t('events.conflict', { who })}</p>
    <dl class="facts"><div><dt>${t('events.theirs')}</dt><dd class="num">${moment(theirs?.end ?? '', true)}</dd></div>
      <div><dt>${t('events.yours')}</dt><dd class="num">${text}</dd></div></dl></div>`;
}
