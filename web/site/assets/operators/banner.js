/** Reminds every operator while something is broken on purpose. */
import { html, nothing } from "../vendor/lit-html.js";
import { follow } from "../order/follow.js";
import { View } from "../view.js";
import { askBreaks, breaks, onBreaks } from "./breaks.js";

const EVERY = 5000; // milliseconds
// What each switch turns off, where that is known here.
const PARTS = { "email-consumer": "e-mails", "timeline-consumer": "timelines" };
const NEVER = 2 ** 31 - 1; // the longest that a timer can wait: 24 days

class BreakBanner extends View {
  /** Whether it asks by itself; on the page of the breaks the page does. */
  asks = true;

  arrive() {
    onBreaks(() => this.update(), this.leaving);
    // The page around it tells when the shop does not answer.
    if (this.asks) follow({ ask: () => this.ask(), trouble: () => {}, signal: this.leaving });
  }

  async ask() {
    await askBreaks(this.leaving);
    return breaks().off ? NEVER : EVERY;
  }

  view() {
    const broken = breaks()?.breaks.filter((one) => one.switch && one.broken) ?? [];
    return html`<div role="status">${broken.length ? this.bannerView(broken) : nothing}</div>`;
  }

  bannerView(broken) {
    return html`
      <p class="break-banner">
        <strong>Broken on purpose:</strong> ${broken.map((one) => PARTS[one.name] ?? one.title).join(" and ")}.
        ${this.asks ? html`<a href="#/operators/break">See and heal it</a>` : "Heal it below when you have seen enough."}
      </p>`;
  }
}

customElements.define("break-banner", BreakBanner);
