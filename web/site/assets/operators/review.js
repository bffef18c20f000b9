/** Orders that wait until a person approves or rejects them. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { post, Problem } from "../api.js";
import { ago, counted, shortId } from "../format.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { CornerPage, nothingView, waitingView } from "./corner.js";
import { inPlace, needyOrders } from "./needy-orders.js";
import { orderHead, orderLines } from "./order-parts.js";

const EVERY = 4000; // milliseconds
const NOTE_MOST = 1000; // characters, as api/openapi.yaml has it

class OperatorsReview extends CornerPage {
  heading = "Review";
  purpose = "These orders wait for a person. Their goods and money are reserved meanwhile; what nobody decides on is rejected in the end.";
  /** @type {any[] | null} */
  orders = null;
  /** The ids of those that still wait. */
  waiting = new Set();
  notes = {};
  busy = new Set();
  /** What came of it, by order. @type {Record<string, {tone: string, text: string}>} */
  outcomes = {};

  async ask() {
    const found = await needyOrders("review", this.leaving);
    const before = this.waiting;
    this.waiting = new Set(found.map((order) => order.order_id));
    if (this.orders && found.some((order) => !before.has(order.order_id))) announce("A new order waits for review.");
    this.update({ orders: inPlace(this.orders ?? [], found), trouble: null });
    return EVERY;
  }

  content() {
    if (!this.orders) return this.trouble ? nothing : waitingView;
    if (!this.orders.length) return nothingView("Nothing waits for you", "An order paid with the test card for review comes here: pm_review.");
    return html`
      <p><span class="badge ${this.waiting.size ? "badge--warm" : "badge--good"}">${this.waiting.size ? `${counted(this.waiting.size, "order")} waiting` : "All decided"}</span></p>
      ${this.orders.map((order) => this.orderView(order))}`;
  }

  orderView(order) {
    const id = order.order_id;
    const outcome = this.outcomes[id] ?? (this.waiting.has(id) ? null : ELSEWHERE);
    return html`
      <article class="sheet needy" aria-labelledby="review-${id}">
        ${orderHead(order, `review-${id}`, `held ${ago(order.updated_at)}`)}
        ${orderLines(order)}
        ${outcome ? html`<p class="note note--${outcome.tone}">${outcome.text} <a href="#/orders/${encodeURIComponent(id)}">Follow the order</a></p>` : nothing}
        ${this.waiting.has(id) ? this.decisionView(id) : nothing}
      </article>`;
  }

  decisionView(id) {
    const busy = this.busy.has(id);
    return html`
      <form class="decision" @submit=${(event) => event.preventDefault()}>
        <div class="field">
          <label for="note-${id}">Note <span class="soft">(optional, operators only)</span></label>
          <input id="note-${id}" maxlength=${NOTE_MOST} autocomplete="off" .value=${this.notes[id] ?? ""} @input=${(event) => (this.notes[id] = event.target.value)}>
        </div>
        <div class="row">
          <button type="button" class="button" ?disabled=${busy} aria-label="Approve order ${shortId(id)}" @click=${() => this.decide(id, "approve")}>Approve</button>
          <button type="button" class="button button--danger" ?disabled=${busy} aria-label="Reject order ${shortId(id)}" @click=${() => this.decide(id, "reject")}>Reject</button>
        </div>
      </form>`;
  }

  /** @param {string} id @param {"approve" | "reject"} decision */
  async decide(id, decision) {
    if (this.busy.has(id)) return;
    this.busy.add(id);
    this.update();
    const note = (this.notes[id] ?? "").trim();
    try {
      const decided = await post(`/orders/${encodeURIComponent(id)}/review`, note ? { decision, note } : { decision });
      this.orders = inPlace(this.orders, [decided]);
      this.waiting.delete(id);
      this.came(id, DECIDED[decision]);
    } catch (error) {
      if (!signInIfNeeded(error)) this.refused(id, error);
    } finally {
      this.busy.delete(id);
      this.update();
    }
  }

  refused(id, error) {
    this.came(id, { tone: "bad", text: inWords(error) });
    // Decided by somebody else, cancelled, or expired: the next answer tells.
    if (error instanceof Problem && error.status === 409) this.following.now();
  }

  came(id, outcome) {
    this.outcomes = { ...this.outcomes, [id]: outcome };
    announce(`Order ${shortId(id)}: ${outcome.text}`);
  }
}

const DECIDED = {
  approve: { tone: "good", text: "Approved. The order goes on where it stopped." },
  reject: { tone: "warm", text: "Rejected. Goods and money are given back." },
};
const ELSEWHERE = { tone: "warm", text: "This order waits no more: somebody else decided, or it was cancelled." };

customElements.define("operators-review", OperatorsReview);
