/** Breaks parts of the shop on purpose, for real, and shows how it heals. */
import { html, nothing } from "../vendor/lit-html.js";
import { get } from "../api.js";
import { ago, number, shortId } from "../format.js";
import { shortStatus, statusWords } from "../order/words.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { askBreaks, breakIt, breaks, heal, onBreaks } from "./breaks.js";
import { CornerPage, nothingView, waitingView } from "./corner.js";
import { places } from "./dead-letters-api.js";

const EVERY = 2500; // milliseconds
const NEVER = 2 ** 31 - 1; // the longest that a timer can wait: 24 days
const ORDERS_SHOWN = 5;

/** What to do after the press, and where to look. @type {Record<string, unknown>} */
const WATCH = {
  "email-consumer": html`<li>Buy something in the <a href="#/">shop window</a>. The order goes through; only its e-mails fail.</li>
    <li>After a few tries they lie among the <a href="#/operators/dead-letters">dead letters</a>, each with its order.</li>
    <li>Heal it, then redrive them: every e-mail is sent, once.</li>`,
  "timeline-consumer": html`<li>Buy something in the <a href="#/">shop window</a>. The order is confirmed, but its page shows no steps: nobody writes them down.</li>
    <li>Heal it, and all the steps appear with the times when they really happened.</li>`,
  "poison-message": html`<li>Buy something in the <a href="#/">shop window</a>: its e-mails arrive all the same.</li>
    <li>A quarter of an hour later it lies among the <a href="#/operators/dead-letters">dead letters</a>, with the reason. With e-mails switched off it takes a minute.</li>`,
  "kill-checkout": html`<li>Buy something in the <a href="#/">shop window</a> with the card <code>pm_flaky</code>, which takes a few seconds, and press here while it is in progress.</li>
    <li>The order stands still. Within a quarter of an hour the shop notices, starts its checkout again, and it ends as if nothing had been.</li>`,
};
const WATCH_ELSE = html`<li>Look at the <a href="#/operators/dead-letters">dead letters</a> and at the newest orders below.</li>`;

class OperatorsBreak extends CornerPage {
  heading = "Break it";
  purpose = "See for yourself what happens when a part of the shop fails. Everything here is done to the real thing, and everything heals.";
  /** What lies among the dead letters, and the newest orders; null until they were asked. */
  dead = null;
  orders = null;
  busy = new Set();
  /** What came of the last press, by break. @type {Record<string, {tone: string, text: string}>} */
  outcomes = {};

  arrive() {
    onBreaks(() => this.update(), this.leaving);
    super.arrive();
  }

  async ask() {
    await askBreaks(this.leaving);
    this.update({ trouble: null });
    return breaks().off ? NEVER : this.look();
  }

  async look() {
    const how = { signedIn: true, signal: this.leaving };
    const [dead, page] = await Promise.all([places(this.leaving), get(`/orders?limit=${ORDERS_SHOWN}`, how)]);
    this.update({ dead, orders: page.orders });
    return EVERY;
  }

  content() {
    const now = breaks();
    if (!now) return this.trouble ? nothing : waitingView;
    if (now.off) return nothingView("Nothing can be broken here", "Only a shop on your own machine or in a sandbox can be broken on purpose; this one is in earnest.");
    return html`
      <div class="columns">
        <div>${now.breaks.map((one) => this.breakView(one))}</div>
        ${this.watchView()}
      </div>`;
  }

  breakView(one) {
    const { name, title, explains } = one;
    const outcome = this.outcomes[name];
    return html`
      <section class="sheet break ${one.broken ? "break--broken" : ""}" aria-labelledby="break-${name}">
        <div class="row row--apart">
          <h2 id="break-${name}">${title}</h2>
          ${one.switch ? html`<span class="badge ${one.broken ? "badge--bad" : "badge--good"}">${one.broken ? "Broken" : "Works"}</span>` : html`<span class="badge">Once per press</span>`}
        </div>
        <p>${explains}</p>
        <p>${this.buttonView(one)}</p>
        <div role="status">${outcome ? html`<p class="note note--${outcome.tone}">${outcome.text}</p>` : nothing}</div>
        <h3>What to watch</h3>
        <ul>${WATCH[name] ?? WATCH_ELSE}</ul>
      </section>`;
  }

  buttonView({ name, title, broken, switch: lasts }) {
    const busy = this.busy.has(name);
    const verb = lasts ? "Break it" : "Do it";
    return broken && lasts
      ? html`<button class="button" ?disabled=${busy} aria-label="Heal it: ${title}" @click=${() => this.press(name, false)}>Heal it</button>`
      : html`<button class="button button--danger" ?disabled=${busy} aria-label="${verb}: ${title}" @click=${() => this.press(name, true)}>${verb}</button>`;
  }

  watchView() {
    const filled = this.dead?.filter(({ messages }) => messages) ?? [];
    return html`
      <section class="sheet watch" aria-labelledby="watch-title">
        <h2 id="watch-title">As it is now</h2>
        <h3>Dead letters</h3>
        ${filled.length
          ? html`<ul class="watch__list" role="list">${filled.map(({ place, messages }) => html`<li class="row row--apart"><a href="#/operators/dead-letters">${place}</a><span class="badge badge--bad">${number(messages)}</span></li>`)}</ul>`
          : html`<p class="soft">${this.dead ? "None." : "Asking …"}</p>`}
        <h3>Newest orders</h3>
        ${this.orders?.length
          ? html`<ul class="watch__list" role="list">${this.orders.map(orderView)}</ul>`
          : html`<p class="soft">${this.orders ? html`None yet. <a href="#/">Buy something</a>` : "Asking …"}</p>`}
      </section>`;
  }

  /** @param {string} name @param {boolean} breaking */
  async press(name, breaking) {
    this.busy.add(name);
    this.update();
    try {
      await (breaking ? breakIt(name) : heal(name));
      const { switch: lasts } = breaks().breaks.find((one) => one.name === name);
      this.came(name, breaking ? (lasts ? BROKEN : DONE) : HEALED);
      this.following.now();
    } catch (error) {
      if (!signInIfNeeded(error)) this.came(name, { tone: "bad", text: inWords(error) });
    } finally {
      this.busy.delete(name);
      this.update();
    }
  }

  came(name, outcome) {
    this.update({ outcomes: { ...this.outcomes, [name]: outcome } });
  }
}

const BROKEN = { tone: "warm", text: "It is broken now, until you heal it." };
const DONE = { tone: "warm", text: "Done. Watch what becomes of it." };
const HEALED = { tone: "good", text: "It works again, and catches up with what has waited." };

const orderView = (order) => html`
  <li class="row row--apart">
    <span><a href="#/orders/${encodeURIComponent(order.order_id)}">${shortId(order.order_id)}</a> <span class="soft small">${ago(order.placed_at)}</span></span>
    <span class="badge badge--${statusWords(order).tone}">${shortStatus(order.status)}</span>
  </li>`;

customElements.define("operators-break", OperatorsBreak);
