// @ts-check
/** <sg-planner>: start, end, vehicle; the path's card with before and after. */
import { html } from 'lit';
import { Part, define } from '../base.js';
import { mayDecide } from '../events.js';
import { distance, duration, number, pick, t } from '../i18n.js';
import { addVia, clearPath, comparison, recompute, removeVia, setWaypoint, swapEnds } from '../path.js';
import { ORIGINS, closable } from '../catalog.js';
import { extent } from '../geo.js';
import { select } from '../select.js';
import { data, url } from '../store.js';
import { showExtent } from '../map/camera.js';
import { theMap } from '../map/instance.js';
import { badge, busy, failure, icon } from './bits.js';
import './closure.js';

/** @typedef {import('../types.js').PathResult} PathResult */

const VEHICLE = /** @type {const} */ (['height_m', 'width_m', 'length_m', 'mass_t', 'axle_t']);

const percent = (/** @type {number} */ share) => `${number(share * 100, share > 0 && share < 0.1 ? 1 : 0)} %`;

class Planner extends Part {
  render() {
    const state = data.path.value;
    return html`<section class="planner" data-testid="planner" data-state=${state.state}>
      <div class="waypoints">${url.waypoints.value.map((point, index) => this.waypoint(point, index))}</div>
      <div class="actions">
        <button data-testid="path-swap" title=${t('path.swap')} @click=${swapEnds}>${icon('swap')}<span>${t('path.swap')}</span></button>
        <button data-testid="path-via" title=${t('path.add_via')} @click=${() => addVia(null)}>${icon('plus')}<span>${t('path.add_via')}</span></button>
        <button data-testid="path-clear" ?disabled=${!url.waypoints.value.some(Boolean)} @click=${clearPath}>${icon('close')}<span>${t('path.clear')}</span></button>
      </div>
      ${this.profile()}
      ${busy(state.state === 'loading')}
      <div aria-live="polite">
        ${state.state === 'empty' ? html`<p class="muted pad0" data-testid="path-empty">${t('path.empty')}</p>` : ''}
        ${state.state === 'error' ? failure(state.error, recompute, 'path-retry') : ''}
        ${'now' in state && state.now ? this.card(state.now, 'before' in state ? state.before : undefined) : ''}
      </div>
    </section>`;
  }

  waypoint(/** @type {import('../hash.js').Waypoint | null} */ point, /** @type {number} */ index) {
    const last = url.waypoints.value.length - 1;
    const role = index === 0 ? 'start' : index === last ? 'end' : 'via';
    const name = role === 'via' ? t('path.via', { n: index }) : t(role === 'start' ? 'path.start' : 'path.end');
    const mark = role === 'start' ? 'A' : role === 'end' ? 'B' : String(index);
    const clear = () => (role === 'via' ? removeVia(index) : setWaypoint(index, null));
    return html`<div class="waypoint" data-testid="waypoint-${role}" data-set=${point !== null}>
      <span class="pin ${role}" aria-hidden="true">${mark}</span>
      <div class="waypoint-text"><span class="muted">${name}</span>
        <b class=${point ? '' : 'unset'}>${point ? point.label : t('path.not_set')}</b></div>
      ${point
        ? ''
        : html`<button class="plain" data-testid="pick-${role}" title=${t('path.pick')} aria-label="${name}: ${t('path.pick')}" @click=${() => this.centre(index)}>${icon('target')}</button>`}
      ${point || role === 'via'
        ? html`<button class="plain" data-testid="clear-${role}" title=${t('path.clear_point', { name })} aria-label=${t('path.clear_point', { name })} @click=${clear}>${icon('close')}</button>`
        : ''}
    </div>`;
  }

  centre(/** @type {number} */ index) {
    const at = theMap.peek()?.getCenter();
    if (at) setWaypoint(index, { lon: at.lng, lat: at.lat, label: `${at.lng.toFixed(5)}, ${at.lat.toFixed(5)}` });
  }

  profile() {
    const choice = (/** @type {'car' | 'truck'} */ name) => html`<label class="segment"><input type="radio" name="profile" value=${name} data-testid="profile-${name}"
      .checked=${url.profile.value === name} @change=${() => (url.profile.value = name)} /><span>${t(`path.${name}`)}</span></label>`;
    return html`<fieldset class="segments"><legend>${t('path.profile')}</legend>${choice('car')}${choice('truck')}</fieldset>
      ${url.profile.value === 'truck' ? this.vehicle() : ''}`;
  }

  vehicle() {
    const set = (/** @type {typeof VEHICLE[number]} */ name) => (/** @type {any} */ event) => {
      const next = { ...url.vehicle.peek() };
      const given = Number(event.target.value);
      if (given > 0) next[name] = given;
      else delete next[name];
      url.vehicle.value = next;
    };
    return html`<fieldset class="vehicle" data-testid="vehicle"><legend>${t('path.vehicle')}</legend>
      ${VEHICLE.map((name) => html`<label>${t(`path.${name}`)}<input type="number" min="0.1" step="0.1" inputmode="decimal" data-testid="vehicle-${name}"
        .value=${String(url.vehicle.value[name] ?? '')} @change=${set(name)} /></label>`)}
      <p class="hint">${t('path.vehicle_default')}</p>
    </fieldset>`;
  }

  card(/** @type {PathResult} */ now, /** @type {PathResult | undefined} */ before) {
    const p = now.feature.properties;
    const change = comparison();
    return html`<article class="card" data-testid="path-card" data-version=${now.version} data-length=${p.length_m} aria-label=${t('path.result')}>
      ${change ? html`<p class="change" data-testid="path-change">${change.text}</p>` : ''}
      <p class="figures"><b data-testid="path-km">${number(p.length_m / 1000, 1)}<small> km</small></b><b data-testid="path-time">${duration(p.duration_s)}</b>
        <button class="plain" title=${t('inspect.zoom')} aria-label=${t('inspect.zoom')} data-testid="path-zoom" @click=${() => this.zoom(now)}>${icon('target')}</button></p>
      ${before ? html`<p class="keys"><span class="line-now"></span>${t('path.after')} <span class="line-before"></span>${t('path.before')} ${number(before.feature.properties.length_m / 1000, 1)} km · ${duration(before.feature.properties.duration_s)}</p>` : ''}
      ${this.basis(p)}
      <dl>
        ${this.snaps(p)}
        <div><dt>${t('path.unknown')}</dt><dd data-testid="path-unknown">${percent(p.limits_unknown_share ?? 0)}</dd></div>
        ${this.origins(p)}
        <div><dt>${t('path.version')}</dt><dd class="num" data-testid="path-version">${now.version}</dd></div>
      </dl>
      ${this.structures(p)}
    </article>`;
  }

  zoom(/** @type {PathResult} */ path) {
    const box = extent(path.feature.geometry);
    if (box) showExtent(box);
  }

  basis(/** @type {Record<string, any>} */ p) {
    const basis = String(p.duration_basis);
    const known = /** @type {Record<string, import('../i18n.js').Key>} */ ({
      assumed: 'path.basis_assumed',
      posted: 'path.basis_posted',
      measured: 'path.basis_measured',
    });
    const mark = basis === 'measured' || basis === 'posted' ? '' : 'warn';
    return html`<p class="basis ${mark}" data-testid="path-basis" data-basis=${basis}>${t(known[basis] ?? 'path.basis_mixed')}</p>`;
  }

  snaps(/** @type {Record<string, any>} */ p) {
    const all = /** @type {number[]} */ (p.snap_m ?? []);
    if (all.length < 2) return '';
    const text = t('path.snap_points', { start: distance(all[0]), end: distance(all[all.length - 1]) });
    return html`<div><dt>${t('path.snap')}</dt><dd data-testid="path-snap">${text}</dd></div>`;
  }

  origins(/** @type {Record<string, any>} */ p) {
    const shares = ORIGINS.filter((origin) => p.origins?.[origin] > 0);
    if (!shares.length) return '';
    return html`<div><dt>${t('path.origins')}</dt><dd class="stack">${shares.map((origin) => html`<span>${badge(origin)} ${percent(p.origins[origin])}</span>`)}</dd></div>`;
  }

  structures(/** @type {Record<string, any>} */ p) {
    const all = /** @type {{ id: string, name: any }[]} */ (p.structures ?? []);
    if (!all.length) return '';
    const layer = data.catalogue.value?.layers.find((entry) => closable(entry) && entry.geometry !== 'line');
    return html`<h4>${t('path.structures')}</h4>
      <ul class="structures">${all.map((item) => html`<li>
        <button class="link" data-testid="path-structure" ?disabled=${!layer} @click=${() => layer && select({ layer: layer.id, id: item.id })}>${pick(item.name)}</button>
        ${mayDecide() ? html`<button class="mini" data-testid="path-close" title=${t('path.close_structure', { name: pick(item.name) })} aria-label=${t('path.close_structure', { name: pick(item.name) })}
          @click=${() => this.close(item)}>${icon('barrier')}</button>` : ''}
      </li>`)}</ul>
      ${data.closing.value ? html`<sg-closure></sg-closure>` : ''}`;
  }

  close(/** @type {{ id: string, name: any }} */ item) {
    data.closing.value = { label: pick(item.name), target: { facility_id: item.id }, directed: true };
  }
}

define('sg-planner', Planner);
