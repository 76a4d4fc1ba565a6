// @ts-check
/** Talk to the server: JSON in and out, problems as errors, the CSRF header on writes. */
import { t } from './i18n.js';
import { url } from './store.js';

export const API = new URL('api/', document.baseURI).href;

/** An answer with an error status, as RFC 9457 describes it. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} body
   */
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.type = String(body.type ?? 'about:blank');
    this.mend = body.mend ? String(body.mend) : '';
    this.body = body;
  }
}

/** Make the absolute address of an API path with parameters; empty ones are left out. */
export function address(/** @type {string} */ path, /** @type {Record<string, any>} */ params = {}) {
  const target = new URL(path.replace(/^\/api\//, ''), API);
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') target.searchParams.set(name, String(value));
  }
  return target.href;
}

/** Fetch; a network failure is told in the reader's language. */
async function reach(/** @type {string} */ href, /** @type {RequestInit} */ init) {
  try {
    return await fetch(href, init);
  } catch (error) {
    if (aborted(error)) throw error;
    throw new Error(t('error.network'), { cause: error });
  }
}

async function failure(/** @type {Response} */ response) {
  try {
    return new Problem(response.status, await response.json());
  } catch {
    return new Problem(response.status, { title: `${response.status} ${response.statusText}` });
  }
}

/**
 * @typedef {object} Options
 * @property {string} [method]
 * @property {Record<string, any>} [params]
 * @property {unknown} [body]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

const csrf = { token: () => '' };

/** Say where the token of writes is read: the session is a floor above. */
export function tokenFrom(/** @type {() => string} */ read) {
  csrf.token = read;
}

/**
 * Send one request to an absolute address; an answer with an error status is thrown.
 *
 * @param {string} href
 * @param {Options} [options]
 */
export async function send(href, options = {}) {
  const { method = 'GET', body, signal } = options;
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', 'Accept-Language': url.lang.peek(), ...options.headers };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf.token();
  const response = await reach(href, {
    method,
    headers,
    signal,
    credentials: 'same-origin',
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw await failure(response);
  return response;
}

/**
 * Send one request and read its JSON.
 *
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function request(path, options = {}) {
  const response = await send(address(path, options.params), options);
  return response.status === 204 ? null : response.json();
}

/** Tell an aborted request from a failed one. */
export const aborted = (/** @type {unknown} */ error) =>
  error instanceof DOMException && error.name === 'AbortError';

/** Say what went wrong and how to mend it, in one line. */
export function explain(/** @type {unknown} */ error) {
  if (error instanceof Problem) return error.mend ? `${error.message} ${error.mend}` : error.message;
  return error instanceof Error ? error.message : String(error);
}
