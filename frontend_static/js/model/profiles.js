// @ts-check
/** The vehicles that may be asked for. */
import { batch } from '@preact/signals-core';
import { request } from '../core/api.js';
import { planStore } from './plan.js';

/** @typedef {import('../core/types.js').Profile} Profile */

/** Sizes of a vehicle, in the order of the form. */
export const SIZES = /** @type {const} */ (['height_m', 'width_m', 'length_m', 'mass_t', 'axle_t']);

/** Fetch the profiles; keeps the old ones when that fails. */
export async function loadProfiles() {
  try {
    planStore.profiles.value = (await request('profiles')).profiles;
    planStore.profilesError.value = null;
  } catch (error) {
    planStore.profilesError.value = /** @type {Error} */ (error);
  }
}

/** The profile in use, once the profiles are known. */
export const profile = () => planStore.profiles.value.find((entry) => entry.id === planStore.profile.value);

/** Whether the profile in use moves on networks of a kind; any, while that is not known. */
export const movesOn = (/** @type {string} */ network) => (profile()?.network ?? network) === network;

/** Choose a profile; sizes and load start from its own. */
export function setProfile(/** @type {string} */ id) {
  batch(() => {
    planStore.profile.value = id;
    planStore.vehicle.value = {};
    planStore.hazmat.value = null;
    planStore.choice.value = 0;
  });
}

/** Change one size; empty and the profile's own leave it to the profile. */
export function setSize(/** @type {typeof SIZES[number]} */ name, /** @type {number} */ given) {
  const next = { ...planStore.vehicle.peek() };
  if (given > 0 && given !== profile()?.sizes[name]) next[name] = given;
  else delete next[name];
  planStore.vehicle.value = next;
}
