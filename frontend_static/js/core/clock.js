// @ts-check
/** The server's clock, as far ahead of this page's as its last tick said. */
import { signal } from '@preact/signals-core';

/** Milliseconds that the server's clock is ahead of this page's. */
export const skew = signal(0);

/** The server's time now, in milliseconds. */
export const now = () => Date.now() + skew.peek();
