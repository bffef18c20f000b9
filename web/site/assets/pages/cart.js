/** The cart: change it, see what it costs now, go to the till. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { lines, MOST_LINES, onCart, setQuantity } from "../cart.js";
import { money, times } from "../format.js";
import { picture } from "../pictures.js";
import { isOrderable, priced, totalOf } from "../priced.js";
import { problemBox } from "../problems.js";
import { quantityView } from "../quantity.js";
import { Page } from "../view.js";

class CartPage extends Page {
  /** @type {import("../priced.js").PricedLine[] | null} */
  priced = null;
  problem = null;

  arrive() {
    onCart(() => this.load(), this.leaving);
    this.load();
  }

  async load() {
    this.recount();
    try {
      await priced(lines(), this.leaving).then((now) => this.update({ priced: now, problem: null }));
      this.recount();
    } catch (problem) {
      if (!this.leaving.aborted) this.update({ problem });
    }
  }

  /** Quantities change at once; prices need not be asked again for that. */
  recount() {
    if (!this.priced) return;
    const products = new Map(this.priced.map((line) => [line.sku, line.product]));
    if (lines().every(({ sku }) => products.has(sku))) {
      this.update({ priced: lines().map((line) => ({ ...line, product: products.get(line.sku) })) });
    }
  }

  view() {
    if (!lines().length) return emptyView;
    return html`
      <h1>Your cart</h1>
      ${this.problem ? problemBox(this.problem, () => this.load()) : nothing}
      <div class="columns">
        <section class="sheet" aria-label="What is in it" aria-busy=${!this.priced}>
          <ul class="cart" role="list">${this.priced ? this.priced.map(lineView) : lines().map(waitingLine)}</ul>
        </section>
        <section class="sheet" aria-labelledby="sum-title">
          <h2 id="sum-title">What it comes to</h2>
          ${this.priced ? sumView(this.priced) : html`<p class="soft">Asking the shop …</p>`}
        </section>
      </div>`;
  }
}

const lineView = (line) => html`
  <li class="cart__line">
    ${picture(line.product ?? { sku: line.sku, name: line.sku })}
    <div class="cart__what">
      ${line.product
        ? html`<a class="cart__name" href="#/products/${encodeURIComponent(line.sku)}">${line.product.name}</a>
            <span class="soft small">${money(line.product.price)} each</span>`
        : html`<span class="cart__name">${line.sku}</span>`}
      ${whatIsWrong(line)}
    </div>
    <div class="cart__how-many">${line.product ? quantityView(line.product.name, line.quantity, (quantity) => setQuantity(line.sku, quantity)) : nothing}</div>
    <p class="cart__price price">${line.product ? money(times(line.product.price, line.quantity)) : "–"}</p>
    <button class="link-button cart__out" @click=${() => takeOut(line)} aria-label="Take ${line.product?.name ?? line.sku} out of the cart">Take out</button>
  </li>`;

function whatIsWrong({ sku, quantity, product }) {
  if (!product) return html`<p class="field__error">We do not sell this any more.</p>`;
  if (!product.available) return html`<p class="field__error">Sold out. Take it out, or come back later.</p>`;
  if (product.available >= quantity) return nothing;
  return html`<p class="field__error">Only ${product.available} left.
    <button class="link-button" @click=${() => setQuantity(sku, product.available)}>Take ${product.available}</button></p>`;
}

function takeOut(line) {
  setQuantity(line.sku, 0);
  announce(`${line.product?.name ?? line.sku} is out of the cart.`);
  const heading = document.querySelector("main h1"); // the button that had the focus is gone
  heading.tabIndex = -1;
  heading.focus();
}

function sumView(all) {
  const total = totalOf(all);
  if (all.length > MOST_LINES) return html`<p class="field__error">An order has room for ${MOST_LINES} different things. Take some out.</p>`;
  return html`
    <dl class="facts">
      <dt>Shipping</dt><dd>free, for nothing is shipped</dd>
      ${total ? html`<dt class="facts__total">Total</dt><dd class="facts__total">${money(total)}</dd>` : nothing}
    </dl>
    ${isOrderable(all)
      ? html`<a class="button button--wide" href="#/checkout">To the till</a>`
      : html`<p class="field__error">Some of it cannot be ordered as it is. Look at the lines marked above.</p>`}`;
}

const waitingLine = () => html`<li class="cart__line" aria-hidden="true"><span class="picture waiting"></span><span class="cart__what"></span></li>`;

const emptyView = html`
  <div class="sheet sheet--narrow">
    <h1>Your cart is empty</h1>
    <p>Nothing in it yet. What you put in stays, also when you close this page.</p>
    <p><a class="button" href="#/">Look around</a></p>
  </div>`;

customElements.define("cart-page", CartPage);
