// @ts-check
/** The one store: what the address holds (`url`) and what the server said (`data`). */
import { batch, computed, effect, signal } from '@preact/signals-core';
import { DEFAULTS, decode, encode } from './hash.js';

/**
 * @template T
 * @typedef {import('@preact/signals-core').Signal<T>} Signal
 */
/** @typedef {import('./hash.js').UrlState} UrlState */
/** @typedef {import('./types.js').Catalogue} Catalogue */
/** @typedef {import('./types.js').Session} Session */
/** @typedef {import('./types.js').Feature} Feature */
/** @typedef {import('./types.js').EventFeature} EventFeature */
/** @typedef {import('./types.js').Toast} Toast */
/** @typedef {import('./types.js').PathState} PathState */

const HASH_DELAY_MS = 150;
const REMEMBERED = /** @type {const} */ (['lang', 'theme']);

/** State kept in the address. */
export const url = /** @type {{ [K in keyof UrlState]: Signal<UrlState[K]> }} */ (
  Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, signal(value)]))
);

/** State that comes from the server or lives only in this page. */
export const data = {
  catalogue: signal(/** @type {Catalogue | null} */ (null)),
  catalogueError: signal(/** @type {Error | null} */ (null)),
  session: signal(/** @type {Session | null} */ (null)),
  sessionError: signal(/** @type {Error | null} */ (null)),
  live: signal({
    state: /** @type {'connecting' | 'live' | 'stale' | 'frozen'} */ ('connecting'),
    at: /** @type {number | null} */ (null),
  }),
  /** Seconds that the map's tiles lag behind the rows. */
  lag: signal(0),
  /** Milliseconds that the server's clock is ahead of this page's. */
  skew: signal(0),
  events: signal(/** @type {EventFeature[]} */ ([])),
  eventsError: signal(/** @type {Error | null} */ (null)),
  eventsLoaded: signal(false),
  path: signal(/** @type {PathState} */ ({ state: 'empty' })),
  /** The path that others are compared with. */
  pinned: signal(/** @type {Feature | null} */ (null)),
  /** Relaxation of a refused path that the map shows. */
  relaxation: signal(/** @type {number | null} */ (null)),
  /** Edges that refuse the vehicle, with their geometry. */
  blocking: signal(/** @type {Feature[]} */ ([])),
  profiles: signal(/** @type {import('./types.js').Profile[]} */ ([])),
  profilesError: signal(/** @type {Error | null} */ (null)),
  /** Raised when answers about the network are to be asked for again. */
  asked: signal(0),
  reach: signal(/** @type {import('./types.js').ReachState} */ ({ state: 'empty' })),
  nearest: signal(/** @type {import('./types.js').ReachState} */ ({ state: 'empty' })),
  /** A stop on its way: the index of a stop, or of a new via point to insert. */
  dragged: signal(/** @type {import('./types.js').Dragged | null} */ (null)),
  feature: signal(/** @type {import('./types.js').FeatureState} */ ({ state: 'empty' })),
  /** West, south, east, north that the map is to show in full. */
  fit: signal(/** @type {number[] | null} */ (null)),
  toasts: signal(/** @type {Toast[]} */ ([])),
  bounds: signal(/** @type {[number, number, number, number] | null} */ (null)),
  zoom: signal(8),
  drawer: signal(/** @type {null | 'layers' | 'side'} */ (null)),
  draw: signal(/** @type {import('./types.js').DrawState} */ ({ mode: null })),
  closing: signal(/** @type {import('./types.js').ClosureTarget | null} */ (null)),
  /** Raised when rows of a layer changed: layer id -> counter. */
  bumps: signal(/** @type {Record<string, number>} */ ({})),
  dialog: signal(/** @type {null | 'keys' | 'account' | 'expired' | 'ended'} */ (null)),
};

/** Layers shown now, in catalogue order. */
export const shown = computed(() => {
  const on = new Set(url.on.value);
  const off = new Set(url.off.value);
  const layers = data.catalogue.value?.layers ?? [];
  return layers.filter((layer) => (layer.visible ? !off.has(layer.id) : on.has(layer.id))).map((l) => l.id);
});

/** The signed-in account, or null. */
export const account = computed(() => data.session.value?.account ?? null);

/** Switch layers on or off; only differences from the catalogue's default are kept. */
export function setShown(/** @type {string[]} */ ids, /** @type {boolean} */ wanted) {
  const byId = new Map(data.catalogue.value?.layers.map((layer) => [layer.id, layer]));
  const on = new Set(url.on.value);
  const off = new Set(url.off.value);
  for (const id of ids) {
    on.delete(id);
    off.delete(id);
    const usual = byId.get(id)?.visible ?? false;
    if (wanted !== usual) (wanted ? on : off).add(id);
  }
  batch(() => {
    url.on.value = [...on].sort();
    url.off.value = [...off].sort();
  });
}

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
  addEventListener('hashchange', () => apply(decode(location.hash), preferences()));
  addEventListener('pagehide', write);
}

let nextToast = 1;

/** Show a message; it leaves by itself unless `sticky`. */
export function toast(/** @type {Omit<Toast, 'id'>} */ message) {
  const id = nextToast++;
  data.toasts.value = [...data.toasts.value.slice(-3), { ...message, id }];
  return id;
}

export function dismiss(/** @type {number} */ id) {
  data.toasts.value = data.toasts.value.filter((entry) => entry.id !== id);
}
