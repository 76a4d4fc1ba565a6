// @ts-check
/** What the server says of something before it is entered: place, direction, length, and what is closed already. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { distance, number, pick, t } from '../../core/i18n.js';
import { closingStore } from '../../model/closing.js';
import { closedUntil, closers } from '../../model/events.js';

/** @typedef {import('../../core/types.js').PreviewFacts} PreviewFacts */

/** Draw the preview of the form that is open. */
export function previewOf(/** @type {string} */ entry) {
  const preview = closingStore.preview.value;
  if (!preview || entry === 'incident') return '';
  if (preview.state === 'error') {
    return html`<p class="failure" role="alert" data-testid="preview-error">${explain(preview.error)}</p>`;
  }
  const facts = preview.found?.properties;
  return html`<div class="preview" data-testid="preview" data-state=${preview.state} aria-live="polite"
    aria-busy=${preview.state === 'loading'} data-edges=${facts?.edge_count ?? ''}>${facts
      ? factsOf(facts)
      : html`<p class="muted">${t('preview.asking')}</p>`}</div>`;
}

function factsOf(/** @type {PreviewFacts} */ facts) {
  const sizes = [
    facts.length_m === null ? '' : distance(facts.length_m),
    t('events.edges', { count: number(facts.edge_count) }),
  ];
  const whole = facts.stretch && facts.length_m !== null && facts.edges_m > facts.length_m * 1.02;
  return html`<p><b>${pick(facts.title)}</b> ${directionOf(facts)}</p>
    <p class="num" data-testid="preview-size">${sizes.filter(Boolean).join(' · ')}</p>
    ${whole ? html`<p class="muted">${t('preview.whole', { km: distance(facts.edges_m) })}</p>` : ''}
    ${accuracy(facts)}
    ${facts.closed_by.length ? overlap(facts) : ''}
    ${facts.refused
      ? html`<p class="failure" role="alert" data-testid="preview-refused">${pick(facts.refused)}</p>`
      : ''}`;
}

/** The towns that the sides meant lead to. */
function directionOf(/** @type {PreviewFacts} */ { side, towards }) {
  const rows = towards.filter((row) => !side || row.side === side);
  const towns = [...new Set(rows.map(({ zh, en }) => pick({ zh, en })).filter(Boolean))];
  return towns.length ? t('events.towards', { town: towns.join(t('events.and')) }) : '';
}

function accuracy(/** @type {PreviewFacts} */ { stretch }) {
  if (!stretch) return '';
  const off = stretch.accuracy_m === null ? '' : distance(stretch.accuracy_m);
  if (stretch.calibrated) return off ? html`<p class="muted">${t('preview.accuracy', { off })}</p>` : '';
  const said = off ? t('preview.uncalibrated_by', { off }) : t('preview.uncalibrated');
  return html`<p class="warn" data-testid="preview-accuracy">${said}</p>`;
}

/** What closes it already, and until when. */
function overlap(/** @type {PreviewFacts} */ { closed_by: all }) {
  const until = closedUntil(all);
  return html`<p class="warn" role="status" data-testid="preview-closed"><b>${until
    ? t('preview.closed_until', { time: until })
    : t('preview.closed')}</b><br />${closers(all)}</p>`;
}
