/** The shop window: everything for sale, and what others look at. */
import { html, nothing } from "../vendor/lit-html.js";
import { get } from "../api.js";
import { add } from "../cart.js";
import { announce } from "../announce.js";
import { clicked } from "../clicks.js";
import { money } from "../format.js";
import { picture } from "../pictures.js";
import { problemBox } from "../problems.js";
import { Page } from "../view.js";
import "../trending.js";

const PAGE = 60; // products asked for at once
const SKELETONS = 12;
const IN_THE_WINDOW = ["PLANTER-TER-18", "TEAPOT-IRON-08", "BIKE-BELL-BRS"];

class CataloguePage extends Page {
  /** @type {object[]} */
  products = [];
  next = null;
  problem = null;
  loading = true;

  arrive() {
    this.titled("");
    this.load();
  }

  async load() {
    this.update({ loading: true, problem: null });
    try {
      const cursor = this.next ? `&cursor=${encodeURIComponent(this.next)}` : "";
      const page = await get(`/products?limit=${PAGE}${cursor}`, { signal: this.leaving });
      this.update({ products: [...this.products, ...page.products], next: page.next_cursor, loading: false });
    } catch (problem) {
      if (!this.leaving.aborted) this.update({ problem, loading: false });
    }
  }

  view() {
    return html`
      <section class="hero" aria-labelledby="hero-title">
        <div>
          <h1 id="hero-title">Good things for the table, and for the road to it.</h1>
          <p>Made to be used every day, mended when they break, and missed when they are lent out.</p>
        </div>
        <div class="hero__window" aria-hidden="true">${IN_THE_WINDOW.map((sku) => picture({ sku, name: "" }))}</div>
      </section>
      <trending-strip .products=${this.products}></trending-strip>
      <section aria-labelledby="all-title" aria-busy=${this.loading}>
        <h2 id="all-title">Everything in the shop</h2>
        ${this.problem ? problemBox(this.problem, () => this.load()) : nothing}
        <ul class="shelf" role="list">
          ${this.products.map(tile)}
          ${this.loading && !this.products.length ? Array.from({ length: SKELETONS }, skeleton) : nothing}
        </ul>
        ${!this.loading && !this.problem && !this.products.length ? emptyView : nothing}
        ${this.next && !this.loading ? html`<p class="centred"><button class="button button--quiet" @click=${() => this.load()}>Show more</button></p>` : nothing}
      </section>`;
  }
}

const tile = (product) => html`
  <li class="tile">
    <a class="tile__link" href="#/products/${encodeURIComponent(product.sku)}">
      ${picture(product)}
      <h3 class="tile__name">${product.name}</h3>
    </a>
    <p class="tile__price"><span class="price">${money(product.price)}</span>${scarcity(product)}</p>
    <button class="tile__add" ?disabled=${!product.available} aria-label="Put ${product.name} into the cart" @click=${() => putIn(product)}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5v14M5 12h14"/></svg>
    </button>
  </li>`;

function scarcity({ available }) {
  if (!available) return html`<span class="badge badge--bad">Sold out</span>`;
  return available <= 10 ? html`<span class="badge badge--warm">Only ${available} left</span>` : nothing;
}

function putIn(product) {
  const now = add(product.sku);
  clicked("add_to_cart", product.sku);
  announce(`${product.name} is in the cart: ${now}.`);
}

const skeleton = () => html`
  <li class="tile tile--waiting" aria-hidden="true">
    <span class="picture"></span><span class="tile__name"></span><span class="tile__price"></span>
  </li>`;

const emptyView = html`<p class="note">The shelves are empty. An operator can fill them: <code>./shop seed</code>.</p>`;

customElements.define("catalogue-page", CataloguePage);
