// @ts-check
/** How far the page is in step with the server. */
import { signal } from '@preact/signals-core';
import { skew } from '../core/clock.js';

export const liveStore = {
  /** The stream, and when it last said something by this page's clock. */
  stream: signal({
    state: /** @type {'connecting' | 'live' | 'stale' | 'frozen'} */ ('connecting'),
    at: /** @type {number | null} */ (null),
  }),
  /** Seconds that the map's tiles lag behind the rows. */
  lag: signal(0),
};

/** The stream has said something; a tick tells the server's time. */
export function alive(/** @type {string | undefined} */ serverTime) {
  const at = Date.now();
  if (serverTime) skew.value = Date.parse(serverTime) - at;
  liveStore.stream.value = { state: 'live', at };
}

/** Nothing was heard for too long. */
export function fallSilent() {
  liveStore.stream.value = { state: 'stale', at: liveStore.stream.peek().at };
}
