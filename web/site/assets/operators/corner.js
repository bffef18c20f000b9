/** The frame of the operators' corner: who may see it, the way between its pages, and whether something is broken on purpose. */
import { html, nothing } from "../vendor/lit-html.js";
import { SignInNeeded } from "../api.js";
import { isOperator, onSession, session } from "../auth.js";
import { dressed } from "../dress.js";
import { follow } from "../order/follow.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { here, signInHref } from "../router.js";
import { Page } from "../view.js";
import "./banner.js";

await dressed(new URL("operators.css", import.meta.url));

const PAGES = [
  ["/operators", "Stock"],
  ["/operators/review", "Review"],
  ["/operators/attention", "Attention"],
  ["/operators/dead-letters", "Dead letters"],
  ["/operators/break", "Break it"],
];

export class CornerPage extends Page {
  /** What the page is for, in one or two sentences. */
  heading = "";
  purpose = "";
  /** Why the shop cannot be asked at the moment. @type {Error | null} */
  trouble = null;
  following = null;

  arrive() {
    onSession(() => this.open(), this.leaving);
    this.open();
  }

  /** Begins to ask, once an operator is there. */
  open() {
    this.update();
    if (!isOperator() || this.following) return;
    this.following = follow({ ask: () => this.ask(), trouble: (error) => this.troubled(error), signal: this.leaving });
  }

  /** Asks the shop once. @returns {Promise<number>} milliseconds until it is worth asking again */
  async ask() {
    return 60_000;
  }

  /** What stands below the heading. */
  content() {
    return nothing;
  }

  troubled(error) {
    if (error instanceof SignInNeeded) signInIfNeeded(error);
    else this.update({ trouble: error });
  }

  view() {
    if (!isOperator()) return closedView(session());
    return html`
      <h1>${this.heading}</h1>
      <nav class="tabs" aria-label="Operators' corner">${PAGES.map(tab)}</nav>
      <break-banner .asks=${here() !== "/operators/break"}></break-banner>
      <p class="soft">${this.purpose}</p>
      <div role="status">${this.trouble ? troubleView(this.trouble, () => this.following.now()) : nothing}</div>
      ${this.content()}`;
  }
}

const tab = ([path, name]) => html`<a href="#${path}" aria-current=${here().split("?")[0] === path ? "page" : nothing}>${name}</a>`;

const troubleView = (error, again) => html`
  <div class="note note--bad">
    <p>${inWords(error)} What you see here may be old. The page tries again by itself.</p>
    <button class="button button--quiet" @click=${again}>Try now</button>
  </div>`;

const closedView = (who) => html`
  <div class="sheet sheet--narrow">
    <h1>Only for operators</h1>
    <p>Here the shop is kept running: stock, reviews, dead letters. ${who
      ? html`You are signed in as <b>${who.email}</b>, who is a customer.`
      : "You are not signed in."}</p>
    <p class="row">
      <a class="button" href=${signInHref(here())}>Sign in as an operator</a>
      <a class="button button--quiet" href="#/">To the shop window</a>
    </p>
  </div>`;

/** While the first answer is on its way. */
export const waitingView = html`<p class="loading" role="status">One moment …</p>`;

/** A place where nothing needs anybody. */
export const nothingView = (title, text) => html`
  <div class="nothing">
    <svg class="nothing__wheel" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <circle cx="24" cy="24" r="20"/><path d="M24 4v40M4 24h40M9.9 9.9l28.2 28.2M38.1 9.9 9.9 38.1"/>
    </svg>
    <h2>${title}</h2>
    <p>${text}</p>
  </div>`;
