/** Orders whose money the shop could not give back by itself yet: why, and what to do. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { ago, counted, shortId } from "../format.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { CornerPage, nothingView, waitingView } from "./corner.js";
import { letters, places, redrive } from "./dead-letters-api.js";
import { inPlace, needyOrders } from "./needy-orders.js";
import { orderHead, orderLines } from "./order-parts.js";

const EVERY = 5000; // milliseconds
const SETTLING = /settle/i; // in the name of the place where settlements end that failed too often

class OperatorsAttention extends CornerPage {
  heading = "Attention";
  purpose = "Closed orders whose money could not be given back yet. Nothing is lost: each is listed here until its bank has answered.";
  /** @type {any[] | null} */
  orders = null;
  /** The ids of those that still need somebody. */
  needing = new Set();
  /** The place where an order's settlement lies, by order. @type {Map<string, string>} */
  lying = new Map();
  busy = new Set();
  /** @type {Record<string, {tone: string, text: string}>} */
  outcomes = {};

  async ask() {
    const found = await needyOrders("attention", this.leaving);
    const before = this.needing;
    this.needing = new Set(found.map((order) => order.order_id));
    if (this.orders && found.some((order) => !before.has(order.order_id))) announce("A new order needs attention.");
    this.update({ orders: inPlace(this.orders ?? [], found), trouble: null });
    if (found.length) await this.look();
    return EVERY;
  }

  /** Whether the queue has given up, and a redrive is what it takes. */
  async look() {
    const filled = (await places(this.leaving)).filter(({ place, messages }) => messages && SETTLING.test(place));
    const read = await Promise.all(filled.map(async ({ place }) => (await letters(place, this.leaving)).map((letter) => [letter.order_id, place])));
    this.update({ lying: new Map(read.flat().filter(([order]) => order)) });
  }

  content() {
    if (!this.orders) return this.trouble ? nothing : waitingView;
    if (!this.orders.length) {
      return nothingView("Every order is settled", "To see one that is not, buy with the card pm_settle_fails and cancel the order: after about a minute it comes here.");
    }
    return html`
      <p><span class="badge ${this.needing.size ? "badge--warm" : "badge--good"}">${this.needing.size ? `${counted(this.needing.size, "order")} not settled` : "All settled"}</span></p>
      ${this.orders.map((order) => this.orderView(order))}`;
  }

  orderView(order) {
    const id = order.order_id;
    const needs = this.needing.has(id);
    const outcome = needs ? this.outcomes[id] : SETTLED;
    return html`
      <article class="sheet needy" aria-labelledby="attention-${id}">
        ${orderHead(order, `attention-${id}`, order.attention ? `since ${ago(order.attention.since)}` : "settled")}
        ${orderLines(order)}
        ${needs ? html`<p><strong>Why:</strong> ${order.attention?.reason ?? "not known"}</p>` : nothing}
        ${needs ? this.adviceView(id) : nothing}
        <div role="status">${outcome ? html`<p class="note note--${outcome.tone}">${outcome.text}</p>` : nothing}</div>
      </article>`;
  }

  adviceView(id) {
    const place = this.lying.get(id);
    if (!place) {
      return html`
        <h3>What to do</h3>
        <p>Most likely nothing: the shop goes on trying, for about six minutes in all, and this order leaves the list when its money is back.
          If it gives up, its message lies among the <a href="#/operators/dead-letters">dead letters</a>, and a button to send it back appears here.</p>
        <p class="soft small">On the command line, <code>./shop settle ${id}</code> waits for that and does it.</p>`;
    }
    return html`
      <h3>What to do</h3>
      <p>The shop has given up: the message lies in <a href="#/operators/dead-letters">${place}</a>. Send it back once the bank works again.</p>
      <p class="row">
        <button class="button" ?disabled=${this.busy.has(id)} aria-label="Settle order ${shortId(id)} again" @click=${() => this.redrive(id, place)}>Settle it again</button>
        <span class="soft small">or <code>./shop settle ${id}</code></span>
      </p>`;
  }

  async redrive(id, place) {
    this.busy.add(id);
    this.update();
    try {
      await redrive(place);
      this.came(id, { tone: "good", text: "It is on its way to the bank again. This order leaves the list once its money is back." });
      this.following.now();
    } catch (error) {
      if (!signInIfNeeded(error)) this.came(id, { tone: "bad", text: inWords(error) });
    } finally {
      this.busy.delete(id);
      this.update();
    }
  }

  came(id, outcome) {
    this.update({ outcomes: { ...this.outcomes, [id]: outcome } });
  }
}

const SETTLED = { tone: "good", text: "Settled: its money is back." };

customElements.define("operators-attention", OperatorsAttention);
