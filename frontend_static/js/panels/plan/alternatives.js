// @ts-check
/** <sg-routes>: a card per path, the facts of the chosen one, what changed, and its steps. */
import { html } from 'lit';
import { explain } from '../../core/api.js';
import { Part, define } from '../../core/base.js';
import { extent } from '../../core/geo.js';
import { clock, distance, duration, maybe, number, pick, t } from '../../core/i18n.js';
import { showExtent, showPoint } from '../../map/camera.js';
import { badge, icon } from '../widgets.js';
import '../desk/closure_form.js';
import './steps.js';
import { closable, layerStore, ORIGINS } from '../../model/layers.js';
import { toast } from '../../model/toasts.js';
import { chosen, comparison, downloadGpx, pin, signed } from '../../model/path.js';
import { mayDecide } from '../../model/session.js';
import { choose, planStore, refuseUnknown } from '../../model/plan.js';
import { deskStore, startClosing } from '../../model/events.js';
import { select } from '../../model/selection.js';

/** @typedef {import('../../core/types.js').PathResult} PathResult */
/** @typedef {import('../../core/types.js').Feature} Feature */
/** @typedef {import('../../core/i18n.js').Key} Key */
/** @typedef {Record<string, any>} Properties */
/** @typedef {{ id: string, name: any }} Structure */
/** @typedef {{ edge: string, ref: string | null, name: any }} Checked */
/** @typedef {{ length_m: number, access: string }} PrivateEnd */

const percent = (/** @type {number} */ share) => `${number(share * 100, share > 0 && share < 0.1 ? 1 : 0)} %`;
const known = (/** @type {unknown} */ value) => typeof value === 'number';

const toll = (/** @type {Properties} */ p) => (known(p.toll_cny) ? `¥${number(p.toll_cny, 0)}` : '–');
const carbon = (/** @type {Properties} */ p) => (known(p.co2_kg) ? `${number(p.co2_kg, 1)} kg` : '–');

/** Rows of the comparison: what, how to read it, and how to write it and its difference. */
const COMPARED = /** @type {const} */ ([
  ['path.row_km', 'length_m', 1000, 1],
  ['path.row_min', 'duration_s', 60, 0],
  ['path.row_toll', 'toll_cny', 1, 0],
  ['path.row_co2', 'co2_kg', 1, 1],
]);

/** Number and name of a road, or the end of its id. */
const roadName = (/** @type {Checked} */ road) =>
  [road.ref, pick(road.name)].filter(Boolean).join(' ') || t('why.unnamed', { id: road.edge.slice(-6) });

class Routes extends Part {
  render() {
    const state = planStore.path.value;
    const path = 'now' in state ? state.now : undefined;
    if (!path) return html``;
    const feature = chosen(path);
    const p = feature.properties;
    const options = path.features.map((option, rank) => this.option(option, rank, feature));
    return html`<article class="card" data-testid="path-card" data-version=${path.version} data-length=${p.length_m}
      aria-label=${t('path.result')}>
      ${this.compared()}
      <fieldset class="options"><legend class="sr">${t('path.alternatives_all')}</legend>${options}</fieldset>
      <div class="actions">${this.actions(path, feature)}</div>
      ${this.unsure(p)}
      ${this.basis(p)}
      ${this.privateEnds(p)}
      <dl>${this.facts(p, path)}</dl>
      ${this.areas(p)}
      ${this.structures(p)}
      <sg-steps .steps=${p.steps ?? []}></sg-steps>
    </article>`;
  }

  actions(/** @type {PathResult} */ path, /** @type {Feature} */ feature) {
    const pinned = planStore.pinned.value !== null;
    return html`<button data-testid="path-zoom"
        @click=${() => this.zoom(feature)}>${icon('target')}<span>${t('path.whole')}</span></button>
      <button data-testid="path-gpx" @click=${this.gpx}>${icon('download')}<span>GPX</span></button>
      <button data-testid="path-pin" aria-pressed=${pinned} title=${t('path.pin_title')}
        @click=${() => pin(pinned ? null : path)}>${icon('swap')}<span>${t('path.pin')}</span></button>`;
  }

  option(/** @type {Feature} */ option, /** @type {number} */ rank, /** @type {Feature} */ current) {
    const p = option.properties;
    const on = option === current;
    const which = on ? 'path' : 'path-other';
    const shared = rank ? html` · ${t('path.shared', { share: percent(p.shared_share ?? 0) })}` : '';
    return html`<label class="option ${on ? 'on' : ''}"><input type="radio" name="alternative"
        data-testid="path-option" data-rank=${rank} .checked=${on} @change=${() => choose(rank)} />
      <span class="stroke rank-${on ? 'now' : rank}" aria-hidden="true"></span>
      <span class="option-text"><span class="figures"><b data-testid="${which}-time">${duration(p.duration_s)}</b><b
          class="minor" data-testid="${which}-km">${number(p.length_m / 1000, 1)}<small> km</small></b></span>
        <span class="muted num">${t('path.option', { n: rank + 1 })} · ${toll(p)} · CO₂ ${carbon(p)}${shared}</span
        ></span></label>`;
  }

  compared() {
    const change = comparison();
    if (!change) return '';
    const [a, b] = [change.base.properties, change.now.properties];
    const before = t(planStore.pinned.value ? 'path.pinned' : 'path.before');
    return html`<p class="change" data-testid="path-change">${change.text}</p>
      <table class="compare" data-testid="path-compare"><caption class="sr">${t('path.compare')}</caption>
        <thead><tr><td></td><th scope="col"><span class="line-before"></span>${before}</th><th
          scope="col"><span class="line-now"></span>${t('path.after')}</th><th
          scope="col">${t('path.difference')}</th></tr></thead>
        <tbody>${COMPARED.map((row) => this.comparedRow(row, a, b))}</tbody></table>`;
  }

  /** @param {typeof COMPARED[number]} row @param {Properties} a @param {Properties} b */
  comparedRow([label, name, per, digits], a, b) {
    const said = (/** @type {unknown} */ value) => (known(value) ? number(Number(value) / per, digits) : '–');
    const both = known(a[name]) && known(b[name]);
    const difference = both ? signed((b[name] - a[name]) / per, digits) : '–';
    const cells = [said(a[name]), said(b[name]), difference];
    return html`<tr><th scope="row">${t(label)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  }

  zoom(/** @type {Feature} */ path) {
    const box = extent(path.geometry);
    if (box) showExtent(box);
  }

  gpx() {
    downloadGpx().catch((error) => toast({ kind: 'bad', text: explain(error) }));
  }

  /** Limits that matter to the vehicle and that nobody recorded: how much, from where on, what to check. */
  unsure(/** @type {Properties} */ p) {
    const first = p.limits_unknown_first;
    if (!first) return '';
    const at = { share: percent(p.limits_unknown_share), distance: distance(first.at_m) };
    const check = /** @type {Checked[]} */ (p.structures_to_check ?? []);
    const names = [...new Set(check.map((one) => roadName(one)))];
    return html`<section class="unsure" role="alert" data-testid="path-unsure">
      <p><b>${t('path.unsure', at)}</b> ${roadName(first)}</p>
      ${names.length
        ? html`<details open><summary>${t('path.to_check', { count: number(check.length) })}</summary>
            <ul>${names.map((name) => html`<li>${name}</li>`)}</ul></details>`
        : ''}
      <p><button class="mini" data-testid="path-unsure-show"
          @click=${() => showPoint(first.point)}>${icon('target')}<span>${t('path.unsure_show')}</span></button>
        <button class="mini" data-testid="path-unsure-refuse"
          @click=${() => refuseUnknown(true)}>${icon('barrier')}<span>${t('path.unknown_refuse')}</span></button></p>
    </section>`;
  }

  basis(/** @type {Properties} */ p) {
    const basis = String(p.duration_basis);
    const texts = /** @type {Record<string, Key>} */ ({
      assumed: 'path.basis_assumed',
      posted: 'path.basis_posted',
      measured: 'path.basis_measured',
    });
    const mark = basis === 'measured' || basis === 'posted' ? '' : 'warn';
    const text = t(texts[basis] ?? 'path.basis_mixed');
    return html`<p class="basis ${mark}" data-testid="path-basis" data-basis=${basis}>${text}</p>`;
  }

  /** What is driven at stops over roads that are open to get there or away only. */
  privateEnds(/** @type {Properties} */ p) {
    const legs = /** @type {{ access: Record<string, PrivateEnd | null> | null }[]} */ (p.legs ?? []);
    const ends = legs.flatMap((leg) => Object.values(leg.access ?? {})).filter((end) => end !== null);
    if (!ends.length) return '';
    const length = ends.reduce((sum, end) => sum + end.length_m, 0);
    const values = [...new Set(ends.flatMap((end) => end.access.split(';')))];
    const named = values.map((value) => maybe(`access.${value}`, value)).join(t('scene.and'));
    const text = t('path.private', { length: distance(length), access: named });
    return html`<p class="basis" data-testid="path-private">${text}</p>`;
  }

  facts(/** @type {Properties} */ p, /** @type {PathResult} */ path) {
    const row = (/** @type {Key} */ label, /** @type {unknown} */ value, /** @type {string} */ id) =>
      html`<div><dt>${t(label)}</dt><dd data-testid=${id}>${value}</dd></div>`;
    const basis = (/** @type {unknown} */ name) =>
      name ? html` <small class="muted">${maybe(`basis.${name}`, String(name))}</small>` : '';
    return html`
      ${p.arrive_at ? row('path.times', `${clock(p.depart_at)} → ${clock(p.arrive_at)} (+08:00)`, 'path-times') : ''}
      ${row('path.row_toll', html`${toll(p)}${basis(p.toll_basis)}`, 'path-toll')}
      ${row('path.row_co2', html`${carbon(p)}${basis(p.co2_basis)}`, 'path-co2')}
      ${this.snaps(p)}
      ${row('path.unknown', percent(p.limits_unknown_share ?? 0), 'path-unknown')}
      ${this.origins(p)}
      ${row('path.version', html`<span class="num">${path.version}</span>`, 'path-version')}`;
  }

  snaps(/** @type {Properties} */ p) {
    const all = /** @type {number[]} */ (p.snap_m ?? []);
    if (all.length < 2) return '';
    const text = t('path.snap_points', { start: distance(all[0]), end: distance(all[all.length - 1]) });
    return html`<div><dt>${t('path.snap')}</dt><dd data-testid="path-snap">${text}</dd></div>`;
  }

  origins(/** @type {Properties} */ p) {
    const shares = ORIGINS.filter((origin) => p.origins?.[origin] > 0);
    if (!shares.length) return '';
    const share = (/** @type {import('../../core/types.js').Origin} */ origin) =>
      html`<span>${badge(origin)} ${percent(p.origins[origin])}</span>`;
    return html`<div><dt>${t('path.origins')}</dt><dd class="stack">${shares.map(share)}</dd></div>`;
  }

  /** Districts that the path crosses: a permit is asked for in each. */
  areas(/** @type {Properties} */ p) {
    const all = /** @type {{ admin_code: string, name: any, length_m: number }[]} */ (p.areas ?? []);
    if (!all.length) return '';
    const row = (/** @type {typeof all[number]} */ area) =>
      html`<li><span>${pick(area.name) || area.admin_code}</span><span
      class="num muted">${distance(area.length_m)}</span></li>`;
    return html`<h3 class="part">${t('path.areas')}</h3><ul class="structures"
      data-testid="path-areas">${all.map(row)}</ul>`;
  }

  structures(/** @type {Properties} */ p) {
    const all = /** @type {Structure[]} */ (p.structures ?? []);
    if (!all.length) return '';
    return html`<h3 class="part">${t('path.structures')}</h3>
      <ul class="structures">${all.map((item) => this.structure(item))}</ul>
      ${deskStore.closing.value ? html`<sg-closure></sg-closure>` : ''}`;
  }

  structure(/** @type {Structure} */ item) {
    const all = layerStore.catalogue.value?.layers ?? [];
    const layer = all.find((entry) => closable(entry) && entry.geometry !== 'line');
    const label = t('path.close_structure', { name: pick(item.name) });
    return html`<li>
      <button class="link" data-testid="path-structure" ?disabled=${!layer}
        @click=${() => layer && select({ layer: layer.id, id: item.id })}>${pick(item.name)}</button>
      ${mayDecide()
        ? html`<button class="mini" data-testid="path-close" title=${label} aria-label=${label}
            @click=${() => this.close(item)}>${icon('barrier')}</button>`
        : ''}
    </li>`;
  }

  close(/** @type {Structure} */ item) {
    startClosing({ label: pick(item.name), target: { facility_id: item.id }, directed: true });
  }
}

define('sg-routes', Routes);
