/** One order, followed live for as long as somebody looks. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { get, post, Problem, SignInNeeded } from "../api.js";
import { isOperator } from "../auth.js";
import { addressLines } from "../checkout/address.js";
import { testCard } from "../checkout/test-cards.js";
import { clock, dateTime, money, shortId, times } from "../format.js";
import { follow } from "../order/follow.js";
import { amounts, isMail, isSettled, journey } from "../order/journey.js";
import { rawView, trackView } from "../order/track.js";
import { eventWords, statusWords } from "../order/words.js";
import { picture } from "../pictures.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { Page } from "../view.js";

const WHILE_OPEN = 700; // milliseconds between two questions
const QUIET = 3000; // it waits for a person, or for something that is down
const JUST_SETTLED = 2500;
const SETTLED = 15_000;
const LATE_NEWS = 20_000; // so long news may still be on their way

class OrderPage extends Page {
  order = null;
  /** @type {any[]} */
  events = [];
  problem = null;
  /** Why it cannot be asked at the moment, and for how long. */
  trouble = null;
  refusal = "";
  cancelling = false;
  newsAt = Date.now();
  following = null;

  arrive() {
    this.titled(`Order ${shortId(this.params.order_id)}`);
    this.following = follow({ ask: () => this.ask(), trouble: (error, wait) => this.troubled(error, wait), signal: this.leaving });
  }

  get path() {
    return `/orders/${encodeURIComponent(this.params.order_id)}`;
  }

  /** @returns {Promise<number>} milliseconds until it is worth asking again */
  async ask() {
    const how = { signedIn: true, signal: this.leaving };
    const [order, { events }] = await Promise.all([get(this.path, how), get(`${this.path}/timeline`, how)]);
    this.take(order, events);
    return this.pace();
  }

  take(order, events) {
    // The answer to a cancellation may overtake one that was on its way.
    const newest = this.order && this.order.version > order.version ? this.order : order;
    this.tell(newest, events);
    if (events.length !== this.events.length || newest.version !== this.order?.version) this.newsAt = Date.now();
    this.update({ order: newest, events, problem: null });
  }

  /** Says aloud what is new since the last answer. */
  tell(order, events) {
    if (!this.order) return;
    const known = new Set(this.events.map((event) => event.event_id));
    const news = events.filter((event) => !known.has(event.event_id) && !isMail(event));
    const status = order.status === this.order.status ? [] : [`The order is now: ${statusWords(order).label}.`];
    const spoken = [...news.map((event) => `${eventWords(event).title}.`), ...status];
    if (spoken.length) announce(spoken.join(" "));
  }

  pace() {
    if (this.order.status === "AWAITING_REVIEW") return QUIET;
    const quiet = Date.now() - this.newsAt > LATE_NEWS;
    if (!isSettled(this.order, this.events)) return quiet ? QUIET : WHILE_OPEN;
    return quiet ? SETTLED : JUST_SETTLED;
  }

  troubled(error, wait) {
    if (error instanceof SignInNeeded) return signInIfNeeded(error);
    if (error instanceof Problem && error.status === 404) return this.update({ problem: error, trouble: null });
    if (!error && this.trouble) announce("The shop answers again.");
    if (error && !this.trouble) announce(inWords(error));
    this.update({ trouble: error && { error, wait } });
  }

  view() {
    if (this.problem && !this.order) return missingView;
    const { order } = this;
    return html`
      <header class="order-head">
        <p class="soft"><a class="target" href="#/orders">← Your orders</a></p>
        <h1 tabindex="-1">Order ${shortId(this.params.order_id)}</h1>
        ${order ? this.statusView(order) : html`<p class="order-head__status waiting-text">Asking the shop …</p>`}
      </header>
      ${this.trouble ? this.troubleView() : nothing}
      ${order ? this.columnsView(order) : nothing}
      ${this.dialogView()}`;
  }

  columnsView(order) {
    return html`
      <div class="columns order-columns">
        <section class="sheet" aria-labelledby="track-title">
          <h2 id="track-title">Its way through the shop</h2>
          ${trackView(journey(order, this.events, Date.now()))}
          ${order.attention ? attentionView() : nothing}
          <p class="sheet__links"><a class="target" href="#/architecture?order=${encodeURIComponent(order.order_id)}">See its way through the architecture</a></p>
        </section>
        <div>${this.asideView(order)}</div>
      </div>`;
  }

  statusView(order) {
    const { label, tone, text } = statusWords(order);
    return html`
      <p class="order-head__status"><span class="stamp stamp--${tone}">${label}</span></p>
      <p class="order-head__text">${text}</p>
      ${order.status === "AWAITING_REVIEW" && isOperator() ? html`<p><a class="button" href="#/operators/review">Review it</a></p>` : nothing}`;
  }

  troubleView() {
    const seconds = Math.max(Math.round(this.trouble.wait / 1000), 1);
    return html`
      <div class="note note--warm" role="status">
        <p>${inWords(this.trouble.error)} What you see is how it was. We ask again in ${seconds} s.</p>
        <button class="button button--quiet" @click=${() => this.following.now()}>Ask now</button>
      </div>`;
  }

  asideView(order) {
    return html`
      <section class="sheet receipt" aria-labelledby="receipt-title">
        <h2 id="receipt-title">Receipt</h2>
        <ul class="receipt__lines" role="list">${order.lines.map(lineView)}</ul>
        <dl class="facts">
          <dt class="facts__total">Total</dt><dd class="facts__total">${money(order.total)}</dd>
          ${amountsView(amounts(this.events))}
        </dl>
        <dl class="facts facts--stacked">
          <dt>Card</dt><dd>${testCard(order.payment_method).name} <code>${order.payment_method}</code></dd>
          <dt>Goes to</dt><dd>${addressLines(order.shipping_address).map((line) => html`${line}<br>`)}</dd>
          <dt>Placed</dt><dd><time datetime=${order.placed_at}>${dateTime(order.placed_at)}</time></dd>
          <dt>Number</dt><dd><code class="whole-id">${order.order_id}</code></dd>
        </dl>
        ${order.status === "REJECTED" || order.status === "CANCELLED"
          ? html`<a class="button button--quiet button--wide" href="#/">Back to the shop window</a>`
          : html`<button class="button button--quiet button--wide" @click=${() => this.dialog.showModal()}>Cancel the order</button>`}
        ${this.refusal ? html`<p class="field__error" role="alert">${this.refusal}</p>` : nothing}
      </section>
      <section class="sheet" aria-labelledby="mail-title">
        <h2 id="mail-title">Mail to you</h2>
        <ul class="mail" role="list">${this.events.filter(isMail).map(mailView)}</ul>
        ${this.events.some(isMail) ? nothing : html`<p class="soft">None yet.</p>`}
      </section>`;
  }

  get dialog() {
    return this.querySelector("dialog");
  }

  dialogView() {
    return html`
      <dialog aria-labelledby="cancel-title">
        <h2 id="cancel-title">Cancel this order?</h2>
        <p>Money and goods are given back, step by step, and you can watch it here. It cannot be taken back.</p>
        <div class="row">
          <button class="button button--danger" aria-disabled=${this.cancelling} @click=${() => this.cancel()}>${this.cancelling ? "Cancelling …" : "Cancel it"}</button>
          <button class="button button--quiet" @click=${() => this.dialog.close()}>Keep it</button>
        </div>
      </dialog>`;
  }

  async cancel() {
    if (this.cancelling) return;
    this.update({ cancelling: true, refusal: "" });
    try {
      const order = await post(`${this.path}/cancellation`);
      this.take(order, this.events);
    } catch (error) {
      if (!signInIfNeeded(error)) this.update({ refusal: refusalWords(error) });
    }
    this.update({ cancelling: false });
    this.dialog?.close();
    this.querySelector("h1")?.focus(); // the button that had the focus is gone
    this.following.now();
  }
}

const refusalWords = (error) =>
  error instanceof Problem && error.kind === "order-closed" ? "It is closed already, so there is nothing to cancel." : inWords(error);

const amountsView = ({ held, charged, givenBack }) => html`
  <dt>Held on your card</dt><dd>${amountOrDash(held)}</dd>
  <dt>Charged</dt><dd>${amountOrDash(charged)}</dd>
  <dt>Given back</dt><dd>${amountOrDash(givenBack)}</dd>`;

const amountOrDash = (amount) => (amount ? money(amount) : html`<span aria-label="nothing">–</span>`);

const mailView = (event) => {
  const { title, text } = eventWords(event);
  return html`<li><strong>${title}</strong> <time class="stop__time" datetime=${event.at}>${clock(event.at)}</time><br><span class="soft small">${text}</span>${rawView(event)}</li>`;
};

const lineView = (line) => html`
  <li>
    ${picture(line)}
    <span><a href="#/products/${encodeURIComponent(line.sku)}">${line.name}</a><br><span class="soft small">${line.quantity} × ${money(line.unit_price)}</span></span>
    <span class="price">${money(times(line.unit_price, line.quantity))}</span>
  </li>`;

const attentionView = () => html`
  <div class="note note--bad" role="note" aria-label="Needs a person">
    <p><strong>Your money is not back yet.</strong> The bank refuses the refund, and the shop goes on trying. Its operators know, and it will not be
      forgotten. You need not do anything.</p>
    ${isOperator() ? html`<a class="button button--quiet" href="#/operators/attention">See what can be done</a>` : nothing}
  </div>`;

const missingView = html`
  <div class="sheet sheet--narrow">
    <h1>There is no such order</h1>
    <p>It may be somebody else’s, or the address has lost a letter.</p>
    <p><a class="button" href="#/orders">Your orders</a></p>
  </div>`;

customElements.define("order-page", OrderPage);
