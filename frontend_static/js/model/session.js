// @ts-check
/** Who is signed in: asked at the start, and again when that may have changed elsewhere. */
import { computed, signal } from '@preact/signals-core';
import { request, tokenFrom } from '../core/api.js';
import { openDialog } from './shell.js';

const answer = signal(/** @type {import('../core/types.js').Session | null} */ (null));

export const sessionStore = {
  answer,
  error: signal(/** @type {Error | null} */ (null)),
  /** The signed-in account, or null. */
  account: computed(() => answer.value?.account ?? null),
};

tokenFrom(() => answer.peek()?.csrf ?? '');

const DECIDING = ['admin', 'dispatcher', 'duty'];

/** Tell whether the account may close, undo and acknowledge. */
export const mayDecide = () => DECIDING.includes(sessionStore.account.value?.role ?? '');

export async function loadSession() {
  try {
    answer.value = await request('session');
    sessionStore.error.value = null;
  } catch (error) {
    sessionStore.error.value = /** @type {Error} */ (error);
  }
}

/** End the session, and load the page anew as nobody's. */
export async function signOut() {
  await request('session/end', { method: 'POST', body: {} });
  location.reload();
}

/**
 * Load the page anew when its session has ended or belongs to somebody else now: rows that only the
 * one before may see leave it, and a desk that hears of public events only is told so.
 */
export async function checkSession() {
  const before = sessionStore.account.peek();
  if (!before) return;
  const now = await request('session').catch(() => null);
  if (!now) return;
  if (now.account?.id === before.id) {
    if (now.csrf !== answer.peek()?.csrf) answer.value = now;
    return;
  }
  if (now.account) location.reload();
  else location.replace(ended());
}

/** Return this page's address with the note that its session has ended. */
function ended() {
  const target = new URL(location.href);
  target.searchParams.set('signin', 'ended');
  return target.href;
}

/** Say so when a sign-in link had expired or a session has ended; such visitors are sent here. */
export function noticeSignIn() {
  const query = new URLSearchParams(location.search);
  const why = query.get('signin');
  if (why !== 'expired' && why !== 'ended') return;
  openDialog(why);
  query.delete('signin');
  const rest = query.toString();
  history.replaceState(null, '', `${location.pathname}${rest ? `?${rest}` : ''}${location.hash}`);
}

/** Look again when the page comes back into sight. */
export function watchSession() {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') checkSession();
  });
}
