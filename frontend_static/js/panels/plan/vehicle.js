// @ts-check
/** <sg-vehicle>: the profile, the sizes and load of the vehicle, unknown limits, and the time. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { INPUT_PATTERN, fromInput, maybe, moment, number, pick, t, toInput } from '../../core/i18n.js';
import { failure, legalText } from '../widgets.js';
import { loadProfiles, profile, setProfile, setSize, SIZES } from '../../model/profiles.js';
import { askedInstant, timeStore } from '../../model/time.js';
import { planStore, refuseUnknown, setHazmat, setWhen } from '../../model/plan.js';
import { now } from '../../core/clock.js';

/** @typedef {import('../../core/types.js').Profile} Profile */

const WHENS = /** @type {const} */ (['now', 'depart', 'arrive']);
const HOUR_MS = 3_600_000;

class Vehicle extends Part {
  render() {
    const error = planStore.profilesError.value;
    const current = profile();
    return html`<div class="conditions">
      ${error ? failure(error, loadProfiles, 'profiles-retry') : ''}
      <label class="field">${t('path.profile')}<select data-testid="profile"
        @change=${(/** @type {any} */ e) => setProfile(e.target.value)}>${this.groups()}</select></label>
      ${current?.limits.length && Object.keys(current.sizes).length ? this.sizes(current) : ''}
      ${planStore.kind.value === 'path' ? this.when() : ''}
    </div>`;
  }

  groups() {
    const all = planStore.profiles.value;
    const current = planStore.profile.value;
    if (!all.length) return html`<option value=${current} selected>${current}</option>`;
    const option = (/** @type {Profile} */ { id, title }) =>
      html`<option value=${id} ?selected=${id === current}>${pick(title)}</option>`;
    const groups = [...new Set(all.map((entry) => entry.group))];
    return groups.map((group) => {
      const members = all.filter((entry) => entry.group === group);
      return html`<optgroup label=${maybe(`group.${group}`, group)}>${members.map(option)}</optgroup>`;
    });
  }

  sizes(/** @type {Profile} */ current) {
    const own = planStore.vehicle.value;
    const given = SIZES.some((name) => own[name] !== undefined);
    const summary = SIZES.filter((name) => name in current.sizes).map((name) => {
      return `${number(own[name] ?? current.sizes[name], 2)}\u00a0${name.slice(-1)}`;
    });
    const limited = SIZES.filter((name) => current.limits.includes(`max_${name}`));
    const law = current.rule?.legal_text;
    return html`<details class="vehicle" data-testid="vehicle" ?open=${current.group === 'freight' || given}>
      <summary>${t('path.vehicle')} <span class="muted num">${summary.join(' · ')}</span></summary>
      <div class="sizes">${limited.map((name) => this.size(current, name))}</div>
      ${current.hazmat ? this.hazmat(current) : ''}
      <label class="check"><input type="checkbox" data-testid="unknown-limits"
        .checked=${planStore.unknown.value === 'refuse'}
        @change=${(/** @type {any} */ e) => refuseUnknown(e.target.checked)} />${t('path.unknown_refuse')}</label>
      <p class="hint">${t('path.vehicle_default')}</p>
      ${law ? html`<p class="hint">${legalText(pick(law))}</p>` : ''}
    </details>`;
  }

  size(/** @type {Profile} */ current, /** @type {typeof SIZES[number]} */ name) {
    const own = current.sizes[name];
    const write = (/** @type {any} */ event) => setSize(name, Number(event.target.value));
    return html`<label>${t(`path.${name}`)}<input type="number" min="0.1" max="1000" step="0.1" inputmode="decimal"
      data-testid="vehicle-${name}" placeholder=${own === undefined ? '' : String(own)}
      .value=${String(planStore.vehicle.value[name] ?? '')} @change=${write} /></label>`;
  }

  hazmat(/** @type {Profile} */ current) {
    const chosen = planStore.hazmat.value ?? '';
    const option = (/** @type {string} */ value, /** @type {string} */ text) =>
      html`<option value=${value} ?selected=${value === chosen}>${text}</option>`;
    const loads = (current.hazmat_values ?? []).map((one) => option(one, maybe(`hazmat.${one}`, one)));
    return html`<label class="field">${t('path.hazmat')}<select data-testid="vehicle-hazmat"
      @change=${(/** @type {any} */ e) => setHazmat(e.target.value || null)}>
      ${option('', t('hazmat.none'))}${loads}</select></label>`;
  }

  when() {
    const when = planStore.when.value;
    const mode = when?.mode ?? 'now';
    const map = timeStore.at.value;
    const text = (/** @type {typeof WHENS[number]} */ name) =>
      name === 'now' && map ? t('path.when_map', { time: moment(map, true) }) : t(`path.when_${name}`);
    const option = (/** @type {typeof WHENS[number]} */ name) =>
      html`<option value=${name} ?selected=${name === mode}>${text(name)}</option>`;
    return html`<div class="when"><label class="field">${t('path.when')}<select data-testid="when"
        @change=${(/** @type {any} */ e) => this.setMode(e.target.value)}>
        ${WHENS.map(option)}</select></label>
      ${when ? this.whenAt(when) : ''}</div>`;
  }

  whenAt(/** @type {import('../../core/hash.js').When} */ when) {
    return html`<label class="field"><span>${t('path.when_at')}</span><input type="text" class="num"
      data-testid="when-at" pattern=${INPUT_PATTERN} title="2026-11-22 18:00" .value=${toInput(when.at)}
      @change=${this.setAt} /></label>`;
  }

  setMode(/** @type {typeof WHENS[number]} */ mode) {
    const usual = timeStore.at.peek() ? askedInstant() : now() + HOUR_MS;
    const at = planStore.when.peek()?.at ?? fromInput(toInput(usual));
    setWhen(mode === 'now' ? null : { mode, at });
  }

  setAt(/** @type {Event} */ event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const when = planStore.when.peek();
    const at = fromInput(field.value);
    if (!when) return;
    if (Number.isNaN(Date.parse(at)) || !field.checkValidity()) field.value = toInput(when.at);
    else setWhen({ ...when, at });
  }
}

define('sg-vehicle', Vehicle);
