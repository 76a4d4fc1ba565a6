// @ts-check
/** Base of all elements: Lit in light DOM, rendered again when a signal that it read changes. */
import { effect } from '@preact/signals-core';
import { LitElement } from 'lit';

export class Part extends LitElement {
  /** @type {(() => void) | undefined} */
  #stop;

  createRenderRoot() {
    return this;
  }

  performUpdate() {
    if (!this.isUpdatePending) return;
    this.#stop?.();
    let first = true;
    this.#stop = effect(() => {
      if (first) {
        first = false;
        super.performUpdate();
      } else {
        this.requestUpdate();
      }
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.requestUpdate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stop?.();
  }
}

/** Register an element once. */
export function define(/** @type {string} */ name, /** @type {CustomElementConstructor} */ element) {
  if (!customElements.get(name)) customElements.define(name, element);
}

/** Call `action` after the calls stop for `ms`. */
export function debounce(/** @type {() => void} */ action, /** @type {number} */ ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, ms);
  };
}
