// @ts-check
/** Who is signed in: asked at the start, and again when that may have changed elsewhere. */
import { request } from '../core/api.js';
import { account, data } from '../core/store.js';

export async function loadSession() {
  try {
    data.session.value = await request('session');
    data.sessionError.value = null;
  } catch (error) {
    data.sessionError.value = /** @type {Error} */ (error);
  }
}

/**
 * Load the page anew when its session has ended or belongs to somebody else now: rows that only the
 * one before may see leave it, and a desk that hears of public events only is told so.
 */
export async function checkSession() {
  const before = account.peek();
  if (!before) return;
  const now = await request('session').catch(() => null);
  if (!now) return;
  if (now.account?.id === before.id) {
    if (now.csrf !== data.session.peek()?.csrf) data.session.value = now;
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
  data.dialog.value = why;
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
