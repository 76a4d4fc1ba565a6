// @ts-check
/** Which counties would use another port if what is named were closed: a button, then from and to by measure. */
import { html } from 'lit';
import { number, pick, t } from '../../core/i18n.js';
import { CHOICE_MEASURES, closureSign } from '../../core/choice.js';
import { changedCounties, choiceHolds, choiceStore, runChoice } from '../../model/choice.js';
import { linkageStore } from '../../model/linkage.js';
import { badge, busy, failure } from '../widgets.js';
import { hubName } from './hub_field.js';
import { when } from './words.js';

/** @typedef {import('../../core/choice.js').Measure} Measure */
/** @typedef {import('../../core/choice.js').Used} Used */
/** @typedef {import('../../core/choice.js').Changed} Changed */

/** A port, and the hub by which it is reached. */
function used(/** @type {Used | null} */ one) {
  if (!one) return t('link.choice_none');
  const port = pick(one.port);
  return one.hub ? t('link.choice_by', { port, hub: hubName(one.hub) }) : port;
}

function cell(/** @type {Changed} */ county, /** @type {Measure} */ measure) {
  const change = county.changes.find((one) => one.measure === measure);
  if (!change) return html`<td class="muted">–</td>`;
  const { from, to } = change;
  const more = from && to ? to.low - from.low : null;
  const digits = measure === 'cost' ? 0 : 1;
  return html`<td data-measure=${measure}>${used(from)} → <b>${used(to)}</b>${more === null ? '' : html`<br /><small
    class="muted num">${more > 0 ? '+' : ''}${number(more, digits)} ${t(`link.choice_unit.${measure}`)}</small>`}</td>`;
}

function table(/** @type {Changed[]} */ changed) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${t('link.choice_counties')}><table><thead><tr>
    <th scope="col">${t('link.choice_county')}</th>${CHOICE_MEASURES.map((one) =>
      html`<th scope="col">${t(`link.choice_measure.${one}`)}</th>`)}</tr></thead>
    <tbody>${changed.map((county) => html`<tr data-testid="choice-county" data-code=${county.code}>
      <th scope="row">${pick(county.name)}</th>${CHOICE_MEASURES.map((one) => cell(county, one))}</tr>`)}</tbody>
    </table></div>`;
}

function told() {
  const { answer, error } = choiceStore;
  const changed = changedCounties.value;
  if (error.value) return failure(error.value, runChoice, 'choice-retry');
  if (!answer.value || !changed) return '';
  const { summary, areas } = answer.value;
  const origin = areas.features[0]?.properties.origin ?? 'derived';
  return html`<h3 data-testid="choice-told" data-changed=${changed.length}>${t('link.choice_told', {
      changed: number(changed.length), counties: number(summary.places) })} ${badge(origin)}</h3>
    ${changed.length ? table(changed) : ''}
    <p class="hint">${t('link.choice_asked', { teu: number(summary.teu, 1), at: when(summary.depart_at),
      hours: number(summary.within_h), ports: number(summary.ports) })}</p>`;
}

/** The comparison before and after the closure of the hub on show, or of the drill. */
export function choice() {
  const draft = linkageStore.draft.value;
  if (!closureSign(draft)) return '';
  const holds = choiceHolds.value;
  const running = holds && choiceStore.working.value;
  return html`<div class="actions"><button data-testid="choice-run" ?disabled=${running} @click=${runChoice}>${
      t(draft.view === 'hub' ? 'link.choice_if_closed' : 'link.choice_if_typhoon')}</button></div>
    ${busy(running)}${holds ? told() : ''}`;
}
