// @ts-check
/** Questions of which only the newest counts. */

/** Give a signal to each question of a kind; a newer question aborts the one before it. */
export class Latest {
  /** @type {AbortController | null} */
  #running = null;

  /** Begin a question: the one before it ends. */
  begin() {
    this.#running?.abort();
    this.#running = new AbortController();
    return this.#running.signal;
  }

  /** End the question that runs. */
  abort() {
    this.#running?.abort();
  }
}
