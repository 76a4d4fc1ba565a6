// @ts-check
/**
 * What the address holds: a signal per field, in step with location.hash.
 *
 * The stores in `model/` hand these signals out among their own; nobody else reads or writes them.
 */
import { batch, effect, signal } from '@preact/signals-core';
import { DEFAULTS, decode, encode } from './hash.js';

/**
 * @template T
 * @typedef {import('@preact/signals-core').Signal<T>} Signal
 */
/** @typedef {import('./hash.js').UrlState} UrlState */

const HASH_DELAY_MS = 150;
const REMEMBERED = /** @type {const} */ (['lang', 'theme']);

/** State kept in the address. */
export const url = /** @type {{ [K in keyof UrlState]: Signal<UrlState[K]> }} */ (
  Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, signal(value)]))
);

/** Read the whole address state at once. @returns {UrlState} */
export function snapshot() {
  return /** @type {UrlState} */ (
    Object.fromEntries(Object.entries(url).map(([name, field]) => [name, field.value]))
  );
}

function apply(/** @type {Partial<UrlState>} */ state, /** @type {Partial<UrlState>} */ base) {
  batch(() => {
    for (const [name, field] of Object.entries(url)) {
      const key = /** @type {keyof UrlState} */ (name);
      const next = state[key] ?? base[key] ?? DEFAULTS[key];
      if (JSON.stringify(field.value) !== JSON.stringify(next)) {
        /** @type {Signal<unknown>} */ (field).value = next;
      }
    }
  });
}

/** Preferences of this browser that an address without them falls back to. @returns {Partial<UrlState>} */
function preferences() {
  const stored = decode(`#lang=${localStorage.getItem('lang')}&theme=${localStorage.getItem('theme')}`);
  const browser = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
  return { lang: /** @type {'zh' | 'en'} */ (browser), ...stored };
}

/** The address of the state as it is now. */
export function permalink() {
  return new URL(encode(snapshot()) || '#', location.href).href;
}

/** Bind the store to location.hash; the hash follows with a short delay. */
export function bindAddress() {
  apply(decode(location.hash), preferences());
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const write = () => history.replaceState(history.state, '', encode(snapshot()) || location.pathname);
  effect(() => {
    const next = encode(snapshot());
    for (const name of REMEMBERED) localStorage.setItem(name, url[name].value);
    clearTimeout(timer);
    if (next !== location.hash) timer = setTimeout(write, HASH_DELAY_MS);
  });
  addEventListener('hashchange', ({ newURL }) => {
    clearTimeout(timer); // what was still to be written may have been, over the address that was gone to
    apply(decode(new URL(newURL).hash), preferences());
  });
  addEventListener('pagehide', write);
}
