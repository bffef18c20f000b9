/** Every order of whoever is signed in, the newest first. */
import { html, nothing } from "../vendor/lit-html.js";
import { get } from "../api.js";
import { session } from "../auth.js";
import { ago, counted, dateTime, money, shortId } from "../format.js";
import { shortStatus, statusWords } from "../order/words.js";
import { picture } from "../pictures.js";
import { problemBox, signInIfNeeded } from "../problems.js";
import { go, signInHref } from "../router.js";
import { Page } from "../view.js";

const PAGE = 20;
const PICTURES = 4;

class OrdersPage extends Page {
  /** @type {any[]} */
  orders = [];
  next = null;
  loading = true;
  problem = null;

  arrive() {
    if (!session()) return go(signInHref("/orders").slice(1), { replace: true });
    return this.load();
  }

  async load() {
    this.update({ loading: true, problem: null });
    try {
      const cursor = this.next ? `&cursor=${encodeURIComponent(this.next)}` : "";
      const page = await get(`/orders?limit=${PAGE}${cursor}`, { signedIn: true, signal: this.leaving });
      this.update({ orders: [...this.orders, ...page.orders], next: page.next_cursor, loading: false });
    } catch (problem) {
      if (this.leaving.aborted || signInIfNeeded(problem)) return;
      this.update({ problem, loading: false });
    }
  }

  view() {
    return html`
      <h1>Your orders</h1>
      ${this.problem ? problemBox(this.problem, () => this.load()) : nothing}
      ${!this.loading && !this.problem && !this.orders.length ? noneView : nothing}
      <ul class="orders" role="list" aria-busy=${this.loading}>
        ${this.orders.map(orderView)}
        ${this.loading && !this.orders.length ? Array.from({ length: 4 }, () => html`<li class="orders__one sheet waiting" aria-hidden="true"></li>`) : nothing}
      </ul>
      ${this.next && !this.loading ? html`<p class="centred"><button class="button button--quiet" @click=${() => this.load()}>Show older ones</button></p>` : nothing}`;
  }
}

const orderView = (order) => html`
  <li class="orders__one sheet">
    <div class="orders__pictures">${order.lines.slice(0, PICTURES).map((line) => picture(line))}</div>
    <div class="orders__what">
      <h2 class="orders__title"><a href="#/orders/${order.order_id}">Order ${shortId(order.order_id)}</a></h2>
      <p class="soft small">${namesOf(order.lines)} · <time datetime=${order.placed_at} title=${dateTime(order.placed_at)}>${ago(order.placed_at)}</time></p>
    </div>
    <p class="orders__end">
      <span class="price">${money(order.total)}</span>
      <span class="badge badge--${statusWords(order).tone}">${shortStatus(order.status)}</span>
      ${order.attention ? html`<span class="badge badge--bad">Refund stuck</span>` : nothing}
    </p>
  </li>`;

const namesOf = ([first, ...rest]) => (rest.length ? `${first.name} and ${counted(rest.length, "other thing")}` : first.name);

const noneView = html`
  <div class="sheet sheet--narrow">
    <p>You have not ordered anything yet.</p>
    <p><a class="button" href="#/">Look around</a></p>
  </div>`;

customElements.define("orders-page", OrdersPage);
