// @ts-check
/** What the server says of something before it is entered: place, direction, length, and what is closed already. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { windOf } from '../../core/desk.js';
import { distance, duration, number, pick, t } from '../../core/i18n.js';
import { closingStore } from '../../model/closing.js';
import { closedUntil, closers } from '../../model/events.js';

/** @typedef {import('../../core/types.js').PreviewFacts} PreviewFacts */

const PROFILES = /** @type {const} */ (['car', 'truck']);
const MOST_DETOURS = 2;

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
    ${detours()}
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

/** How cars and trucks would drive round it. */
function detours() {
  const detour = closingStore.detour.value;
  if (!detour) return '';
  if (detour.state === 'error') return html`<p class="muted">${explain(detour.error)}</p>`;
  const all = (detour.stretches ?? []).slice(0, MOST_DETOURS);
  if (detour.state === 'loading' && !all.length) return html`<p class="muted">${t('detour.asking')}</p>`;
  if (!all.length) return html`<p class="warn" data-testid="detour-none">${t('detour.dead_end')}</p>`;
  return html`<table class="receipts" data-testid="detour" data-state=${detour.state}>
    <caption>${t('detour.title')}</caption>
    <tbody>${all.map((one) => html`<tr><th scope="row">${t(`wind.${windOf(one.from, one.to)}`)}</th>
      ${PROFILES.map((profile) => html`<td class="num" data-testid="detour-${profile}">${t(`detour.${profile}`)}
        ${more(one[profile])}</td>`)}</tr>`)}</tbody></table>`;
}

/** What the way round takes more. */
function more(/** @type {import('../../core/types.js').Detour['car']} */ { now, round }) {
  if (!now) return html`<span class="muted">${t('detour.closed_now')}</span>`;
  if (!round) return html`<b class="warn">${t('detour.none')}</b>`;
  return t('detour.more', { time: duration(Math.max(round.duration_s - now.duration_s, 0)),
    km: number(Math.max(round.length_m - now.length_m, 0) / 1000, 1) });
}

/** What closes it already, and until when. */
function overlap(/** @type {PreviewFacts} */ { closed_by: all }) {
  const until = closedUntil(all);
  return html`<p class="warn" role="status" data-testid="preview-closed"><b>${until
    ? t('preview.closed_until', { time: until })
    : t('preview.closed')}</b><br />${closers(all)}</p>`;
}
