// @ts-check
/** <sg-answer>: the answer to "may I fly?": verdict, who says so and why, what is not loaded, what would do. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { distance, maybe, moment, number, pick, t, toInput } from '../../core/i18n.js';
import { badge, icon, lawTitle, legalText } from '../widgets.js';
import { flightStore, isStale, takeOther, takeSide } from '../../model/flight.js';
import { loadRules, ruleText, ruleStore } from '../../model/rules.js';
import { select } from '../../model/selection.js';
import { limitText, unknownNames, verdictMark, verdictName, zoneName } from './marks.js';

/** @typedef {import('../../core/types.js').AirAnswer} AirAnswer */
/** @typedef {import('../../core/types.js').AirZone} AirZone */

/** Layers of the map that zones of a sort are drawn in. @type {Record<string, string>} */
const LAYERS = {
  airspace: 'airspace',
  controlled_ground: 'controlled_ground',
  airspace_restriction: 'airspace_restrictions',
};
const CLASS_RULE = 'airspace.class_bands';

/** Say what is not loaded, and that nothing is said of it. */
export function notLoaded(/** @type {string[]} */ unknown) {
  if (!unknown.length) return '';
  const text = t('air.not_loaded', { names: unknownNames(unknown) });
  return html`<p class="not-loaded" data-testid="not-loaded">${icon('info')}<span>${text}</span></p>`;
}

/** A zone that speaks: what it says, why and for whom. */
export function zoneCard(/** @type {AirZone} */ zone) {
  const layer = LAYERS[zone.sort];
  const missing = zone.missing.map((name) => maybe(`missing.${name}`, name)).join(t('scene.and'));
  const times = zone.valid_to
    ? `${zone.valid_from ? moment(zone.valid_from, true) : ''} – ${moment(zone.valid_to, true)}` : '';
  return html`<li class="zone" data-testid="air-zone" data-id=${zone.id}>
    <header>${verdictMark(zone.effect)}${badge(zone.origin, { bare: true })}</header>
    <b>${zoneName(zone)}</b>
    <p class="num muted">${limitText(zone.floor, 'floor')} – ${limitText(zone.ceiling, 'ceiling')}
      ${times ? html`<br />${times}` : ''}</p>
    ${zone.state === 'perhaps' ? html`<p class="warn">${t('air.perhaps', { missing })}</p>` : ''}
    <details data-testid="zone-law"><summary>${pick(zone.authority)} · <code>${zone.rule ?? '–'}</code></summary>
      ${zone.legal_text ? html`<blockquote>${legalText(zone.legal_text)}</blockquote>` : ''}</details>
    ${layer
      ? html`<button class="small" data-testid="zone-show"
          @click=${() => select({ layer, id: zone.id }, true)}>${t('inspect.zoom')}</button>`
      : ''}
  </li>`;
}

class Answer extends Part {
  constructor() {
    super();
    /** The answer that was in sight last. */
    this.told = '';
  }

  connectedCallback() {
    super.connectedCallback();
    loadRules();
  }

  render() {
    const answer = flightStore.answer.value;
    if (!answer) return html``;
    const [least, most] = answer.verdict_range;
    return html`<article class="answer" data-testid="air-answer" data-id=${answer.id} aria-live="polite"
      aria-label=${t('air.answer')}>
      ${isStale.value ? html`<p class="warn stale" data-testid="answer-stale"><i aria-hidden="true">■</i>
        ${t('air.stale')}</p>` : ''}
      <p class="verdict" data-testid="verdict" data-verdict=${answer.verdict}>${verdictMark(answer.verdict)}</p>
      ${answer.verdict === 'undetermined' && most
        ? html`<p>${t('air.between', { least: verdictName(least), most: verdictName(most) })}</p>`
        : ''}
      ${notLoaded(answer.ground.unknown)}
      ${answer.ground.beyond ? html`<p class="muted">${t('air.beyond')}</p>` : ''}
      ${this.zones(answer)}
      ${this.others(answer)}
      ${this.filing(answer)}
      ${this.basis(answer)}
    </article>`;
  }

  /** A new answer comes into sight. */
  updated() {
    const answer = flightStore.answer.peek();
    if (answer && answer.id !== this.told) this.scrollIntoView({ block: 'start' });
    this.told = answer?.id ?? '';
  }

  zones(/** @type {AirAnswer} */ answer) {
    const classes = answer.airspace_class.join(' ');
    const rule = ruleText(CLASS_RULE);
    const count = answer.zones.length;
    return html`<h3 class="part">${count ? t('air.zones', { count }) : t('air.zones_none')}</h3>
      ${count ? html`<ul class="zones">${answer.zones.map(zoneCard)}</ul>` : ''}
      <details data-testid="air-class"><summary>${t('air.class', { classes: classes || '–' })}
        · <code>${rule ? `${rule.key}@${rule.in_force}` : CLASS_RULE}</code></summary>
        ${rule?.legal_text ? html`<blockquote>${legalText(rule.legal_text)}
          <cite>${lawTitle(rule.source)}</cite></blockquote>` : ''}</details>
      ${ruleStore.error.value ? html`<p class="warn">${t('air.rules_failed')}</p>` : ''}`;
  }

  /** Nearest height, time and side at which nothing that is loaded stands against it. */
  others(/** @type {AirAnswer} */ { alternatives: all }) {
    if (!all) return '';
    const { height, time, side, omitted = [] } = all;
    const offer = (/** @type {string} */ id, /** @type {string} */ text, /** @type {() => unknown} */ take) =>
      html`<button class="take" data-testid="take-${id}" ?disabled=${Boolean(flightStore.working.value)}
        @click=${take}>${icon('chevron')}${text}</button>`;
    return html`<h3 class="part">${t('air.others')}</h3>
      ${height || time || side || omitted.length ? ''
        : html`<p class="muted" data-testid="others-none">${t('air.others_none')}</p>`}
      ${omitted.length ? html`<p class="muted" data-testid="others-omitted">${t('air.others_omitted', {
        names: omitted.map((name) => t(`air.other.${name}`)).join(t('scene.and')) })}</p>` : ''}
      <div class="takes">
        ${height ? offer('height', t('air.take_height', { height: limitText({ ...height, included: false }, 'floor') }),
          () => takeOther(atHeight(height.value))) : ''}
        ${time ? offer('time', t('air.take_time', { time: moment(time, true) }),
          () => takeOther({ from: toInput(time) })) : ''}
        ${side ? offer('side', t('air.take_side', { far: distance(side.distance_m) }), () => takeSide(side)) : ''}
      </div>`;
  }

  filing(/** @type {AirAnswer} */ { filing }) {
    const clocks = /** @type {[string, string | null][]} */ ([
      [t('air.file_by'), filing.file_by],
      [t('air.reply_by'), filing.reply_by],
      [t('air.confirm_by'), filing.confirm_by],
    ]).filter(([, at]) => at);
    return html`<h3 class="part">${t('air.filing', { task: pick(filing.title) })}</h3>
      ${clocks.length ? '' : html`<p>${t('air.no_clock')}</p>`}
      <dl data-testid="filing">${clocks.map(([name, at]) => html`<div><dt>${name}</dt>
        <dd class="num">${moment(String(at), true)}</dd></div>`)}</dl>
      ${filing.late
        ? html`<p class="warn" data-testid="filing-late"><i aria-hidden="true">■</i> ${t('air.late')}</p>`
        : ''}
      <details><summary><code>${filing.rule}</code></summary><blockquote>${legalText(filing.legal_text)}
        <cite>${lawTitle(filing.source)}</cite></blockquote></details>`;
  }

  basis(/** @type {AirAnswer} */ answer) {
    const { heights: { W84: heights }, terrain } = answer;
    const rows = /** @type {[string, unknown][]} */ ([
      [t('air.number'), html`<code data-testid="answer-number">${answer.id}</code>`],
      [t('air.asked_at'), moment(answer.asked_at)],
      [t('air.for_time'), `${moment(answer.at, true)} – ${moment(answer.until, true)}`],
      [t('air.valid_until'), answer.valid_until ? moment(answer.valid_until) : t('air.no_change')],
      [t('air.data_as_of'), `${moment(answer.data_as_of)} · v${answer.airspace_version}`],
      [t('air.w84'), heights ? `${number(heights[0], 1)} – ${number(heights[1], 1)} m` : t('inspect.null')],
      [t('air.terrain'), terrain ? html`${terrain.name} ${badge(terrain.origin)}` : t('inspect.null')],
    ]);
    return html`<dl class="basis">${rows.map(([name, text]) => html`<div><dt>${name}</dt>
        <dd class="num">${text}</dd></div>`)}</dl>
      <p class="muted">${pick(answer.note)}</p>`;
  }
}

/** The draft moved to a height, its lower end where it has one. */
function atHeight(/** @type {number} */ value) {
  const { lower, upper } = flightStore.draft.peek();
  if (!lower.trim()) return { upper: String(value) };
  return { lower: String(value), upper: String(value + Number(upper) - Number(lower)) };
}

define('sg-answer', Answer);
