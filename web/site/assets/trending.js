/** What people look at now, as the shop has counted it from the clicks of its pages. */
import { html, nothing } from "./vendor/lit-html.js";
import { get } from "./api.js";
import { counted, number } from "./format.js";
import { picture } from "./pictures.js";
import { View } from "./view.js";

const SHOWN = 6;
const MINUTES = 60;
const AGAIN = 30_000; // milliseconds

class TrendingStrip extends View {
  #products = [];
  /** @type {{sku: string, views: number, carts: number}[] | null} null until the shop has answered */
  counts = null;

  /** The catalogue, for names and pictures. */
  set products(products) {
    this.#products = products;
    this.update();
  }

  arrive() {
    this.load();
    const timer = setInterval(() => document.visibilityState === "visible" && this.load(), AGAIN);
    this.leaving.addEventListener("abort", () => clearInterval(timer));
  }

  async load() {
    try {
      const { products } = await get(`/trending?minutes=${MINUTES}`, { signal: this.leaving });
      this.update({ counts: products });
    } catch {
      // The catalogue is what people came for; this is only decoration.
      if (!this.leaving.aborted) this.update({ counts: this.counts ?? [] });
    }
  }

  view() {
    const known = new Map(this.#products.map((product) => [product.sku, product]));
    const popular = (this.counts ?? []).filter(({ sku }) => known.has(sku)).slice(0, SHOWN);
    return html`
      <section class="trending" aria-labelledby="trending-title">
        <h2 id="trending-title">Turning heads this hour</h2>
        ${popular.length
          ? html`<ol class="trending__list" role="list">${popular.map((count) => place(known.get(count.sku), count))}</ol>`
          : html`<p class="trending__quiet">${this.counts && this.#products.length ? "Nobody has looked at anything in the last hour. Be the first." : nothing}</p>`}
      </section>`;
  }
}

const place = (product, { views, carts }) => html`
  <li>
    <a class="trending__place" href="#/products/${encodeURIComponent(product.sku)}">
      ${picture(product)}
      <span class="trending__name">${product.name}</span>
      <span class="trending__count">${counted(views, "look")}${carts ? `, ${number(carts)} in carts` : ""}</span>
    </a>
  </li>`;

customElements.define("trending-strip", TrendingStrip);
