/** The till: where it goes, which card, and what it comes to. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { Problem } from "../api.js";
import { session } from "../auth.js";
import { lines, onCart } from "../cart.js";
import { ADDRESS_FIELDS, addressOf, EXAMPLE_ADDRESS } from "../checkout/address.js";
import { buy, CartChanged, resume, unanswered } from "../checkout/purchase.js";
import { TEST_CARDS } from "../checkout/test-cards.js";
import { clicked } from "../clicks.js";
import { errorsOf, fieldView, focusFirstError, valuesOf } from "../form.js";
import { money, times } from "../format.js";
import { isOrderable, priced, totalOf } from "../priced.js";
import { inWords, problemBox, signInIfNeeded } from "../problems.js";
import { go, signInHref } from "../router.js";
import { Page } from "../view.js";

const DRAFT = "cartwheel.address"; // of this tab only, so that a reload or signing in loses nothing

class CheckoutPage extends Page {
  /** @type {import("../priced.js").PricedLine[] | null} */
  priced = null;
  values = draft();
  errors = {};
  problem = null;
  /** The shop's new prices, after it refused the old ones. */
  quote = null;
  busy = false;
  resuming = false;

  arrive() {
    if (!session()) return go(signInHref("/checkout").slice(1), { replace: true });
    onCart(() => this.busy || this.load(), this.leaving);
    for (const { sku } of lines()) clicked("checkout", sku);
    if (unanswered()) return this.resume();
    return this.load();
  }

  async load() {
    try {
      this.update({ priced: await priced(lines(), this.leaving) });
    } catch (problem) {
      if (!this.leaving.aborted) this.update({ problem });
    }
  }

  /** An order was sent before, and its answer never came: a reload, or a connection that broke. */
  async resume() {
    this.update({ resuming: true });
    await this.purchase(resume);
    this.update({ resuming: false });
    if (this.isConnected) await this.load();
  }

  async submitted(event) {
    event.preventDefault();
    if (this.busy) return;
    const values = valuesOf(event.target);
    const errors = errorsOf(ADDRESS_FIELDS, values);
    this.update({ values, errors });
    if (Object.keys(errors).length) return focusFirstError(this);
    await this.purchase(() => buy(this.request(values)));
  }

  request(values) {
    return {
      lines: this.priced.map(({ sku, quantity }) => ({ sku, quantity })),
      payment_method: values.payment_method,
      shipping_address: addressOf(values),
      expected_total: this.quote?.total ?? totalOf(this.priced),
    };
  }

  async purchase(how) {
    this.update({ busy: true, problem: null });
    try {
      const order = await how();
      if (!order) return;
      sessionStorage.removeItem(DRAFT);
      announce("Thank you. Your order is placed.");
      go(`/orders/${order.order_id}`, { replace: true });
    } catch (error) {
      if (!signInIfNeeded(error)) this.refused(error);
    } finally {
      this.update({ busy: false });
    }
  }

  refused(error) {
    if (error instanceof CartChanged) {
      this.load();
      if (!lines().length) return; // bought in another tab, and the page says so
    }
    const errors = error instanceof Problem ? addressErrors(error) : {};
    const quote = error instanceof Problem && error.kind === "price-changed" ? error.quote : this.quote;
    this.update({ problem: error, errors, quote });
    if (Object.keys(errors).length) return focusFirstError(this);
    requestAnimationFrame(() => this.querySelector("[role=alert]")?.scrollIntoView({ block: "center" }));
  }

  view() {
    if (this.resuming) return resumingView;
    if (!this.busy && !lines().length && !this.problem) return emptyView;
    return html`
      <h1>Checkout</h1>
      <form class="columns" novalidate @submit=${(event) => this.submitted(event)} @input=${keepDraft}>
        <div>
          <section class="sheet" aria-labelledby="address-title">
            <div class="row row--apart">
              <h2 id="address-title">Where does it go?</h2>
              <button type="button" class="link-button" @click=${() => this.useExample()}>Use an example</button>
            </div>
            <div class="fields">${ADDRESS_FIELDS.map((field) => fieldView(field, this.values[field.name], this.errors[field.name]))}</div>
          </section>
          <fieldset class="sheet cards">
            <legend>Which card?</legend>
            <p class="soft">These are test cards: no money moves. Each takes the order down another way, so take an interesting one.</p>
            ${TEST_CARDS.map((card) => this.cardView(card))}
          </fieldset>
        </div>
        <section class="sheet columns__follows" aria-labelledby="sum-title" aria-busy=${!this.priced}>
          <h2 id="sum-title">Your order</h2>
          ${this.priced ? sumView(this.priced, this.quote) : html`<p class="soft">Asking the shop …</p>`}
          ${this.problem ? this.problemView() : nothing}
          ${this.buyButton()}
        </section>
      </form>`;
  }

  cardView(card) {
    const chosen = (this.values.payment_method ?? "pm_visa") === card.method;
    return html`
      <label class="card">
        <input type="radio" name="payment_method" value=${card.method} .checked=${chosen}>
        <span class="card__face card__face--${card.method}" aria-hidden="true"><span class="card__chip"></span>···· ${card.digits}</span>
        <span class="card__text"><strong>${card.name}</strong> <code>${card.method}</code><span class="card__does">${card.does}</span></span>
      </label>`;
  }

  buyButton() {
    if (!this.priced) return nothing;
    if (!isOrderable(this.priced)) {
      return html`<p class="field__error">Some of this cannot be ordered as it is.</p><a class="button button--wide" href="#/cart">Back to the cart</a>`;
    }
    const total = this.quote?.total ?? totalOf(this.priced);
    return html`
      <button class="button button--wide" aria-disabled=${this.busy}>${this.busy ? "Sending the order …" : `Order for ${money(total)}`}</button>`;
  }

  problemView() {
    const { problem } = this;
    if (problem instanceof CartChanged) return alertView("The cart was changed in another tab. Look at the order again.");
    if (problem instanceof Problem && problem.kind === "price-changed") {
      return alertView(html`Prices have changed since you looked, and nothing is ordered yet. It comes to <strong>${money(problem.quote.total)}</strong> now. If that is fine, order again.`);
    }
    if (problem instanceof Problem && problem.kind === "unknown-sku") {
      return alertView(html`Something in the cart is not sold any more. <a href="#/cart">Take it out of the cart</a>, then come back.`);
    }
    if (problem.isTemporary) {
      return alertView("The shop did not answer, so we do not know whether the order arrived. Order again in a moment: it is sent under the same key, so you buy once.");
    }
    return this.priced ? alertView(inWords(problem)) : problemBox(problem, () => this.load());
  }

  useExample() {
    this.update({ values: { ...this.values, ...EXAMPLE_ADDRESS, payment_method: chosenCard(this) }, errors: {} });
    sessionStorage.setItem(DRAFT, JSON.stringify(EXAMPLE_ADDRESS));
    announce("The form is filled in with an example.");
  }
}

const alertView = (text) => html`<div class="note note--warm" role="alert"><p>${text}</p></div>`;

const chosenCard = (page) => page.querySelector("[name=payment_method]:checked")?.value;

function keepDraft(event) {
  sessionStorage.setItem(DRAFT, JSON.stringify(valuesOf(event.currentTarget)));
}

function draft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
  } catch {
    return {};
  }
}

/** By field, from pointers such as /shipping_address/city. @param {Problem} problem */
function addressErrors(problem) {
  const own = problem.errors.filter(({ pointer }) => pointer.startsWith("/shipping_address/"));
  return Object.fromEntries(own.map(({ pointer, detail }) => [pointer.split("/")[2], `${detail}.`]));
}

function sumView(all, quote) {
  const now = new Map((quote?.lines ?? []).map((line) => [line.sku, line.unit_price]));
  const total = quote?.total ?? totalOf(all);
  return html`
    <dl class="facts">
      ${all.map((line) => html`<dt>${line.quantity} × ${line.product?.name ?? line.sku}</dt><dd>${priceView(line, now.get(line.sku))}</dd>`)}
      ${total ? html`<dt class="facts__total">Total</dt><dd class="facts__total">${money(total)}</dd>` : nothing}
    </dl>`;
}

function priceView({ product, quantity }, quoted) {
  if (!product) return "not sold any more";
  const before = money(times(product.price, quantity));
  if (!quoted || quoted.amount === product.price.amount) return before;
  return html`<del><span class="visually-hidden">before: </span>${before}</del> <strong><span class="visually-hidden">now: </span>${money(times(quoted, quantity))}</strong>`;
}

const resumingView = html`
  <div class="sheet sheet--narrow" role="status">
    <h1>One moment …</h1>
    <p>You sent an order, and its answer never arrived here. We ask the shop what became of it; you buy it once.</p>
  </div>`;

const emptyView = html`
  <div class="sheet sheet--narrow">
    <h1>Nothing to pay for</h1>
    <p>Your cart is empty. If you have just ordered, you find it among your orders.</p>
    <p class="row"><a class="button" href="#/">Look around</a> <a class="button button--quiet" href="#/orders">Your orders</a></p>
  </div>`;

customElements.define("checkout-page", CheckoutPage);
