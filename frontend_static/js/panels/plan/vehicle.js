// @ts-check
/** <sg-vehicle>: the profile, the sizes and load of the vehicle, unknown limits, and the time. */
import { html } from 'lit';
import { Part, define } from '../../core/base.js';
import { INPUT_PATTERN, fromInput, maybe, moment, now, number, pick, t, toInput } from '../../core/i18n.js';
import { SIZES, loadProfiles, profile, setProfile, setSize } from '../../model/profiles.js';
import { data, url } from '../../core/store.js';
import { askedInstant } from '../browse/timebar.js';
import { failure, legalText } from '../widgets.js';

/** @typedef {import('../../core/types.js').Profile} Profile */

const WHENS = /** @type {const} */ (['now', 'depart', 'arrive']);
const HOUR_MS = 3_600_000;

class Vehicle extends Part {
  render() {
    const error = data.profilesError.value;
    const current = profile();
    return html`<div class="conditions">
      ${error ? failure(error, loadProfiles, 'profiles-retry') : ''}
      <label class="field">${t('path.profile')}<select data-testid="profile" @change=${(/** @type {any} */ e) => setProfile(e.target.value)}>${this.groups()}</select></label>
      ${current?.limits.length && Object.keys(current.sizes).length ? this.sizes(current) : ''}
      ${url.plan.value === 'path' ? this.when() : ''}
    </div>`;
  }

  groups() {
    const all = data.profiles.value;
    const current = url.profile.value;
    if (!all.length) return html`<option value=${current} selected>${current}</option>`;
    const groups = [...new Set(all.map((entry) => entry.group))];
    return groups.map((group) => html`<optgroup label=${maybe(`group.${group}`, group)}>${all
      .filter((entry) => entry.group === group)
      .map((entry) => html`<option value=${entry.id} ?selected=${entry.id === current}>${pick(entry.title)}</option>`)}</optgroup>`);
  }

  sizes(/** @type {Profile} */ current) {
    const given = SIZES.filter((name) => url.vehicle.value[name] !== undefined);
    const summary = SIZES.filter((name) => name in current.sizes).map((name) => `${number(url.vehicle.value[name] ?? current.sizes[name], 2)}\u00a0${name.slice(-1)}`);
    return html`<details class="vehicle" data-testid="vehicle" ?open=${current.group === 'freight' || given.length > 0}>
      <summary>${t('path.vehicle')} <span class="muted num">${summary.join(' · ')}</span></summary>
      <div class="sizes">${SIZES.map((name) => this.size(current, name))}</div>
      ${current.hazmat ? this.hazmat(current) : ''}
      <label class="check"><input type="checkbox" data-testid="unknown-limits" .checked=${url.unknown.value === 'refuse'}
        @change=${(/** @type {any} */ e) => (url.unknown.value = e.target.checked ? 'refuse' : 'allow')} />${t('path.unknown_refuse')}</label>
      <p class="hint">${t('path.vehicle_default')}</p>
      ${current.rule?.legal_text ? html`<p class="hint">${legalText(pick(current.rule.legal_text))}</p>` : ''}
    </details>`;
  }

  size(/** @type {Profile} */ current, /** @type {typeof SIZES[number]} */ name) {
    const own = current.sizes[name];
    const write = (/** @type {any} */ event) => setSize(name, Number(event.target.value));
    return html`<label>${t(`path.${name}`)}<input type="number" min="0.1" max="1000" step="0.1" inputmode="decimal" data-testid="vehicle-${name}"
      placeholder=${own === undefined ? '' : String(own)} .value=${String(url.vehicle.value[name] ?? '')} @change=${write} /></label>`;
  }

  hazmat(/** @type {Profile} */ current) {
    const chosen = url.hazmat.value ?? '';
    const option = (/** @type {string} */ value, /** @type {string} */ text) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`;
    return html`<label class="field">${t('path.hazmat')}<select data-testid="vehicle-hazmat" @change=${(/** @type {any} */ e) => (url.hazmat.value = e.target.value || null)}>
      ${option('', t('hazmat.none'))}${(current.hazmat_values ?? []).map((value) => option(value, maybe(`hazmat.${value}`, value)))}</select></label>`;
  }

  when() {
    const when = url.when.value;
    const mode = when?.mode ?? 'now';
    const choose = (/** @type {any} */ event) => this.setMode(event.target.value);
    return html`<div class="when"><label class="field">${t('path.when')}<select data-testid="when" @change=${choose}>
        ${WHENS.map((name) => html`<option value=${name} ?selected=${name === mode}>${name === 'now' && url.time.value ? t('path.when_map', { time: moment(url.time.value, true) }) : t(`path.when_${name}`)}</option>`)}</select></label>
      ${when
        ? html`<label class="field"><span>${t('path.when_at')}</span><input type="text" class="num" data-testid="when-at" pattern=${INPUT_PATTERN} title="2026-11-22 18:00"
            .value=${toInput(when.at)} @change=${this.setAt} /></label>`
        : ''}</div>`;
  }

  setMode(/** @type {typeof WHENS[number]} */ mode) {
    const at = url.when.peek()?.at ?? fromInput(toInput(url.time.peek() ? askedInstant() : now() + HOUR_MS));
    url.when.value = mode === 'now' ? null : { mode, at };
  }

  setAt(/** @type {Event} */ event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const when = url.when.peek();
    const at = fromInput(field.value);
    if (!when) return;
    if (Number.isNaN(Date.parse(at)) || !field.checkValidity()) field.value = toInput(when.at);
    else url.when.value = { ...when, at };
  }
}

define('sg-vehicle', Vehicle);
