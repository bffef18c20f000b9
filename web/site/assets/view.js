/** What every part of a page is made of: a custom element in the light DOM that draws itself with lit-html. */
import { render } from "./vendor/lit-html.js";

export class View extends HTMLElement {
  #leaving = new AbortController();
  #queued = false;

  connectedCallback() {
    if (this.#leaving.signal.aborted) this.#leaving = new AbortController();
    this.draw();
    this.arrive();
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** Aborted when the element leaves the page: for listeners, requests and waits. @returns {AbortSignal} */
  get leaving() {
    return this.#leaving.signal;
  }

  /** What is done once the element is on the page. */
  arrive() {}

  /** What it shows: a lit-html template. */
  view() {
    return null;
  }

  /** Takes over the changes and draws once, however many there were. @param {object} [changes] */
  update(changes = {}) {
    Object.assign(this, changes);
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.isConnected) this.draw();
    });
  }

  draw() {
    render(this.view(), this);
    this.drawn();
  }

  /** What is done after each drawing. */
  drawn() {}

  /** Listens for as long as the element is on the page. */
  listen(target, type, listener) {
    target.addEventListener(type, listener, { signal: this.leaving });
  }
}

/** A page: a view that the router shows, with what the address says. */
export class Page extends View {
  /** The variable parts of the path, as in /products/:sku. @type {Record<string, string>} */
  params = {};

  /** What follows the question mark. @type {URLSearchParams} */
  query = new URLSearchParams();

  /** Sets the title of the window. */
  titled(text) {
    document.title = text ? `${text} · Cartwheel` : "Cartwheel";
  }
}
