/** Messages that nobody could work on: where they lie, what they say, why, and the way back. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { ago, counted, dateTime, number, shortId } from "../format.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { CornerPage, nothingView, waitingView } from "./corner.js";
import { letters, places, redrive } from "./dead-letters-api.js";
import { reading } from "./reading.js";

const EVERY = 3000; // milliseconds
const AT_MOST = 10; // messages that the shop shows of one place

class OperatorsDeadLetters extends CornerPage {
  heading = "Dead letters";
  purpose = "Messages that failed again and again come here, so that they hold up nobody. Mend the cause, then send them back: nothing is charged, mailed or moved twice.";
  /** @type {import("./dead-letters-api.js").Place[] | null} */
  places = null;
  /** The places that had messages during this visit, in the order they came; none moves away under a hand. @type {string[]} */
  shown = [];
  /** The messages of the places that are unfolded; null while they are asked for. @type {Map<string, import("./dead-letters-api.js").Letter[] | null>} */
  unfolded = new Map();
  busy = new Set();
  /** What came of the last press, by place. @type {Record<string, {tone: string, text: string}>} */
  outcomes = {};

  async ask() {
    const before = new Map(this.places?.map(({ place, messages }) => [place, messages]));
    const now = await places(this.leaving);
    const filled = now.filter(({ messages }) => messages).map(({ place }) => place);
    this.shown = [...this.shown, ...filled.filter((place) => !this.shown.includes(place))];
    if (this.places && filled.some((place) => !before.get(place))) announce("New dead letters have come.");
    this.update({ places: now, trouble: null });
    const changed = now.filter(({ place, messages }) => this.unfolded.has(place) && messages !== before.get(place));
    await Promise.all(changed.map(({ place }) => this.read(place)));
    return EVERY;
  }

  content() {
    if (!this.places) return this.trouble ? nothing : waitingView;
    const counts = new Map(this.places.map(({ place, messages }) => [place, messages]));
    const empty = this.places.filter(({ place }) => !this.shown.includes(place));
    return html`
      ${this.shown.length ? summaryView(this.places) : nothingView("No dead letters", html`Everything that was sent has been worked on. To see one come, <a href="#/operators/break">break something</a>.`)}
      ${this.shown.filter((place) => counts.has(place)).map((place) => this.placeView(place, counts.get(place)))}
      ${empty.length ? emptyPlaces(empty) : nothing}`;
  }

  placeView(place, messages) {
    const unfolded = this.unfolded.has(place);
    const outcome = this.outcomes[place];
    const folding = unfolded ? "Hide messages" : "Read messages";
    return html`
      <section class="sheet place" aria-labelledby="place-${place}">
        <div class="row row--apart">
          <h2 class="place__name" id="place-${place}">${place}</h2>
          <span class="badge ${messages ? "badge--bad" : "badge--good"}">${messages ? counted(messages, "message") : "Empty again"}</span>
        </div>
        <div class="row">
          <button class="button button--quiet" aria-expanded=${unfolded} aria-label="${folding} of ${place}" ?disabled=${!messages && !unfolded} @click=${() => this.fold(place)}>${folding}</button>
          <button class="button" aria-label="Redrive ${counted(messages, "message")} of ${place}" ?disabled=${!messages || this.busy.has(place)} @click=${() => this.redrive(place)}>Redrive ${number(messages)}</button>
        </div>
        <div role="status">${outcome ? html`<p class="note note--${outcome.tone} place__outcome">${outcome.text}</p>` : nothing}</div>
        ${unfolded ? messagesView(place, this.unfolded.get(place), messages) : nothing}
      </section>`;
  }

  async fold(place) {
    if (this.unfolded.delete(place)) return this.update();
    this.unfolded.set(place, null);
    this.update();
    await this.read(place);
  }

  async read(place) {
    try {
      const found = await letters(place, this.leaving);
      if (this.unfolded.has(place)) this.unfolded.set(place, found);
    } catch (error) {
      if (this.leaving.aborted || signInIfNeeded(error)) return;
      this.unfolded.delete(place);
      this.came(place, { tone: "bad", text: `The messages could not be read. ${inWords(error)}` });
    }
    this.update();
  }

  async redrive(place) {
    this.busy.add(place);
    this.update();
    try {
      const sent = await redrive(place);
      this.came(place, sent ? onTheirWay(sent) : NONE_LEFT);
      this.following.now();
    } catch (error) {
      if (!signInIfNeeded(error)) this.came(place, { tone: "bad", text: `${inWords(error)} What was not sent back still lies here.` });
    } finally {
      this.busy.delete(place);
      this.update();
    }
  }

  came(place, outcome) {
    this.update({ outcomes: { ...this.outcomes, [place]: outcome } });
  }
}

const onTheirWay = (sent) => ({
  tone: "good",
  text: `${sent === 1 ? "1 message is on its way" : `${number(sent)} messages are on their way`} back to where ${sent === 1 ? "it was" : "they were"} meant to go. What fails again comes back here: then the cause is not mended yet.`,
});
const NONE_LEFT = { tone: "warm", text: "There was nothing left to send back." };

function summaryView(all) {
  const filled = all.filter(({ messages }) => messages);
  const sum = filled.reduce((total, { messages }) => total + messages, 0);
  return html`<p><span class="badge ${sum ? "badge--bad" : "badge--good"}">${sum ? `${counted(sum, "message")} in ${counted(filled.length, "place")}` : "All empty"}</span></p>`;
}

const emptyPlaces = (empty) => html`
  <details class="empty-places">
    <summary>${counted(empty.length, "place")} without messages</summary>
    <ul class="empty-places__list">${empty.map(({ place }) => html`<li>${place}</li>`)}</ul>
  </details>`;

function messagesView(place, found, count) {
  if (!found) return html`<p class="soft">Reading …</p>`;
  if (!found.length) return html`<p class="soft">${count ? "They are being worked on at this moment. They show again shortly." : "Nothing lies here any more."}</p>`;
  return html`
    ${count > found.length && found.length >= AT_MOST ? html`<p class="soft">The first ${number(found.length)} of ${number(count)}:</p>` : nothing}
    <ol class="letters" role="list">${found.map((letter) => letterView(place, letter))}</ol>`;
}

function letterView(place, letter) {
  const { title, facts, pretty, readable } = reading(letter.body);
  return html`
    <li class="letter">
      <h3 class="letter__title">${title}</h3>
      ${letter.cause ? html`<p class="letter__cause">${letter.cause}</p>` : html`<p class="soft">The message is sound; why it failed is in the logs of its consumer.</p>`}
      <dl class="facts letter__facts">
        ${letter.order_id ? html`<dt>Order</dt><dd><a href="#/orders/${encodeURIComponent(letter.order_id)}">${shortId(letter.order_id)}</a></dd>` : nothing}
        <dt>Sent</dt><dd><time datetime=${letter.sent_at} title=${dateTime(letter.sent_at)}>${ago(letter.sent_at)}</time></dd>
        <dt>Received</dt><dd>${counted(letter.receives, "time")}</dd>
        ${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
      </dl>
      ${readable
        ? html`<details><summary>The whole message</summary>${wholeView(letter, pretty)}</details>`
        : html`${wholeView(letter, pretty)}<p class="soft">It fails again whenever it is sent back. <code>./shop dlq drop ${place} ${letter.message_id}</code> throws it away.</p>`}
    </li>`;
}

const wholeView = ({ message_id: id }, text) => html`<pre tabindex="0" role="region" aria-label="Message ${id}">${text}</pre>`;

customElements.define("operators-dead-letters", OperatorsDeadLetters);
