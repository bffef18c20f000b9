/** One product, large, with everything that there is to say about it. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { get, Problem } from "../api.js";
import { add, onCart, quantityOf } from "../cart.js";
import { clicked } from "../clicks.js";
import { money } from "../format.js";
import { picture } from "../pictures.js";
import { problemBox } from "../problems.js";
import { quantityView } from "../quantity.js";
import { Page } from "../view.js";

const FEW = 10;

class ProductPage extends Page {
  product = null;
  problem = null;
  quantity = 1;

  arrive() {
    onCart(() => this.update(), this.leaving);
    clicked("view", this.params.sku);
    this.load();
  }

  async load() {
    this.update({ problem: null });
    try {
      const product = await get(`/products/${encodeURIComponent(this.params.sku)}`, { signal: this.leaving });
      this.titled(product.name);
      this.update({ product });
    } catch (problem) {
      if (!this.leaving.aborted) this.update({ problem });
    }
  }

  view() {
    if (this.problem) return problemView(this.problem, () => this.load());
    const { product } = this;
    return html`
      <article class="product" aria-busy=${!product}>
        ${product ? html`<div class="product__picture">${picture(product, { decorative: false })}</div>` : html`<div class="product__picture picture waiting"></div>`}
        <div class="product__text">
          <p class="product__back"><a class="target" href="#/">← Everything in the shop</a></p>
          <h1>${product ? product.name : "One moment …"}</h1>
          ${product ? this.details(product) : nothing}
        </div>
      </article>`;
  }

  details(product) {
    const inCart = quantityOf(product.sku);
    return html`
      <p class="product__description">${product.description}</p>
      <p class="product__price"><span class="price">${money(product.price)}</span> ${stockView(product)}</p>
      <div class="row">
        ${quantityView(product.name, this.quantity, (quantity) => this.update({ quantity }))}
        <button class="button" ?disabled=${!product.available} @click=${() => this.putIn()}>Put into the cart</button>
      </div>
      <p class="product__cart" role="status">${inCart ? html`${inCart} in your cart. <a href="#/cart">Look at the cart</a>` : nothing}</p>
      <p class="soft small">Article ${product.sku}</p>`;
  }

  putIn() {
    const now = add(this.product.sku, this.quantity);
    clicked("add_to_cart", this.product.sku);
    announce(`${this.product.name} is in the cart: ${now}.`);
    this.update({ quantity: 1 });
  }
}

function stockView({ available }) {
  if (!available) return html`<span class="badge badge--bad">Sold out</span>`;
  return available <= FEW
    ? html`<span class="badge badge--warm">Only ${available} left</span>`
    : html`<span class="badge badge--good">In stock</span>`;
}

const problemView = (problem, again) =>
  problem instanceof Problem && problem.status === 404
    ? html`
        <div class="sheet sheet--narrow">
          <h1>We do not have this</h1>
          <p>It may have been sold here once, or the address has lost a letter.</p>
          <p><a class="button" href="#/">Look at what we have</a></p>
        </div>`
    : html`<h1>Product</h1>${problemBox(problem, again)}`;

customElements.define("product-page", ProductPage);
