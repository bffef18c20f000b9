/** The architecture as a picture, in which an order's way plays. */
import { html, nothing, render } from "../vendor/lit-html.js";
import { get, Problem } from "../api.js";
import { Diagram, loaded } from "../architecture/diagram.js";
import { eventView, nodeView } from "../architecture/details.js";
import { Player } from "../architecture/player.js";
import { firstStepOf, stepsOf } from "../architecture/steps.js";
import { session } from "../auth.js";
import { dressed } from "../dress.js";
import { ago, clock, shortId } from "../format.js";
import { follow } from "../order/follow.js";
import { shortStatus } from "../order/words.js";
import { inWords, problemBox, signInIfNeeded } from "../problems.js";
import { signInHref } from "../router.js";
import { Page } from "../view.js";

const folder = (name) => new URL(`../architecture/${name}`, import.meta.url);
await Promise.all([dressed(folder("picture.css")), dressed(folder("architecture.css"))]);

const ORDERS = 20;
const LIVE = 1000; // milliseconds between two questions
const NOT_LIVE = 5000;
const WIDE = matchMedia("(min-width: 58rem)");
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

class ArchitecturePage extends Page {
  /** @type {Diagram | null} */
  diagram = null;
  graph = null;
  orders = [];
  order = "";
  /** The events of the order; of a recorded one for those who have none. @type {any[]} */
  events = [];
  recorded = true;
  steps = [];
  live = false;
  problem = null;
  trouble = null;
  player = null;

  async arrive() {
    this.player = new Player(() => this.shown(), this.leaving);
    this.order = this.query.get("order") ?? "";
    try {
      const { svg, graph } = await loaded(this.leaving);
      this.graph = graph;
      this.diagram = new Diagram(svg, graph, (id) => this.open(nodeView(graph, id, () => this.close())));
      this.querySelector(".diagram").replaceChildren(svg);
    } catch (problem) {
      if (!this.leaving.aborted) this.update({ problem });
      return;
    }
    this.take(this.graph.sample);
    if (session()) this.following = follow({ ask: () => this.ask(), trouble: (trouble) => this.troubled(trouble), signal: this.leaving });
  }

  /** Asks for the orders and for the events of the chosen one. @returns {Promise<number>} milliseconds until it is asked again */
  async ask() {
    const how = { signedIn: true, signal: this.leaving };
    const { orders } = await get(`/orders?limit=${ORDERS}`, how);
    if ((this.live || !this.order) && orders.length) this.choose(orders[0].order_id);
    this.update({ orders });
    if (this.order) {
      const chosen = this.order;
      const { events } = await get(`/orders/${encodeURIComponent(chosen)}/timeline`, how);
      if (chosen === this.order && (this.recorded || events.length !== this.events.length)) this.take(events, { recorded: false });
    }
    return this.live ? LIVE : NOT_LIVE;
  }

  troubled(trouble) {
    if (trouble && signInIfNeeded(trouble)) return;
    const missing = trouble instanceof Problem && trouble.status === 404;
    this.update({ trouble: missing ? new Error("There is no such order, or it is somebody else’s. A recorded one plays instead.") : trouble });
  }

  /** New events of the same order go on from where it plays. */
  take(events, { recorded = true } = {}) {
    const atEnd = this.player.at >= this.player.count && this.player.count > 0;
    const another = recorded !== this.recorded || this.events[0]?.event_id !== events[0]?.event_id;
    this.events = events;
    this.recorded = recorded;
    this.steps = stepsOf(events, this.graph.events);
    this.player.count = this.steps.length;
    if (another) this.player.at = 0;
    if (this.live || (!STILL.matches && another) || (atEnd && !another)) this.player.play();
    else this.shown();
  }

  choose(order) {
    if (order === this.order) return;
    this.order = order;
    this.recorded = true; // until its own events are here
    history.replaceState(history.state, "", `#/architecture?order=${encodeURIComponent(order)}`);
  }

  shown() {
    this.diagram?.light(this.steps.slice(0, this.player.at), { moving: !STILL.matches });
    this.keepInSight();
    this.update();
  }

  /** On a small screen the picture is larger than its frame, and the frame follows what happens. */
  keepInSight() {
    const frame = this.querySelector(".diagram");
    const bright = this.player.playing && this.diagram?.bright;
    if (!bright || frame.scrollWidth <= frame.clientWidth) return;
    const [at, around] = [bright.getBoundingClientRect(), frame.getBoundingClientRect()];
    const left = frame.scrollLeft + at.left - around.left - (around.width - at.width) / 2;
    const top = frame.scrollTop + at.top - around.top - (around.height - at.height) / 2;
    frame.scrollTo({ left, top, behavior: STILL.matches ? "auto" : "smooth" });
  }

  open(view) {
    const dialog = this.querySelector("dialog");
    render(view, dialog);
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("h2").focus();
  }

  close() {
    this.querySelector("dialog").close();
  }

  view() {
    return html`
      <header class="architecture-head">
        <h1 tabindex="-1">How the shop works</h1>
        <p>Drawn from the templates that are deployed. Choose any part to see what it is for, or play an order. The times are those of its events; the
          hops follow from the rules in the templates.</p>
      </header>
      <div class="stage">
        ${this.problem ? problemBox(this.problem, () => location.reload()) : nothing}
        <div class="diagram" aria-busy=${!this.diagram && !this.problem}><p class="diagram__waiting">Unrolling the picture …</p></div>
        ${this.playerView()}
      </div>
      <section class="sheet happened-sheet" aria-labelledby="happened-title">
        <h2 id="happened-title">What happened</h2>
        <ol class="happened" role="list">${this.events.map((event, at) => this.eventRow(event, at))}</ol>
      </section>
      <dialog class="node-dialog" aria-labelledby="node-title"></dialog>`;
  }

  playerView() {
    const { at, count, playing } = this.player ?? { at: 0, count: 0, playing: false };
    return html`
      <section class="player sheet" aria-label="Play an order">
        <button class="button" ?disabled=${!count} @click=${() => (playing ? this.player.pause() : this.play())}>${playing ? "Pause" : "Play"}</button>
        <input class="player__slider" type="range" min="0" max=${count} .value=${String(at)} aria-label="Step" aria-valuetext=${this.words()}
          @input=${(event) => this.player.go(Number(event.target.value))}>
        <span class="player__count soft">${at} of ${count}</span>
        <div class="player__order">${this.orderView()}</div>
        <p class="player__now">${this.words()}</p>
      </section>`;
  }

  orderView() {
    if (!session()) return html`<span class="soft">A recorded order plays. <a href=${signInHref()}>Sign in</a> to play your own.</span>`;
    return html`
      <label for="order-choice">Order</label>
      <select id="order-choice" @change=${(event) => this.chosen(event.target.value)} ?disabled=${!this.orders.length}>
        ${this.choices().map(([id, words]) => html`<option value=${id} ?selected=${id === this.order}>${words}</option>`)}
      </select>
      <label><input type="checkbox" .checked=${this.live} @change=${(event) => this.follows(event.target.checked)}> Follow the newest</label>
      ${this.trouble ? html`<span class="soft" role="status">${this.trouble instanceof Problem ? inWords(this.trouble) : this.trouble.message}</span>` : nothing}`;
  }

  play() {
    // There the picture and the player below it are as high as the window.
    if (WIDE.matches) this.querySelector(".stage").scrollIntoView({ block: "start", behavior: STILL.matches ? "auto" : "smooth" });
    this.player.play();
  }

  /** The newest orders, and the one of the address if it is older. @returns {[string, string][]} */
  choices() {
    const newest = this.orders.map((order) => [order.order_id, orderWords(order)]);
    if (!newest.length) return [["", "a recorded one"]];
    return newest.some(([id]) => id === this.order) ? newest : [...newest, [this.order, shortId(this.order)]];
  }

  chosen(order) {
    this.live = false;
    this.choose(order);
    this.following.now();
  }

  follows(live) {
    this.update({ live });
    this.following.now();
  }

  /** What the current step is, in words. */
  words() {
    const step = this.steps[(this.player?.at ?? 0) - 1];
    if (!step) return "Nothing has happened yet.";
    const reached = Map.groupBy(step.hops, (hop) => hop.from);
    const hops = [...reached].map(([from, all]) => `${this.named(from)} → ${all.map((hop) => this.named(hop.to)).join(", ")}`);
    return `${step.event.type}, ${clock(step.event.at)}: ${hops.join("; ")}`;
  }

  named(id) {
    const { name, kind, service } = this.graph.nodes[id];
    if (id === "Bus" || id === "Api/Api") return kind;
    if (!id.includes("/")) return name;
    return `${service} ${name}${kind.endsWith("queue") ? " queue" : ""}`;
  }

  eventRow(event, at) {
    const current = this.steps[this.player.at - 1]?.at === at;
    return html`
      <li aria-current=${current ? "step" : nothing}>
        <time class="happened__time" datetime=${event.at}>${clock(event.at)}</time>
        <button class="happened__go" @click=${() => this.player.go(firstStepOf(this.steps, at) + 1)}>${event.type}</button>
        <button class="link-button" aria-label="Read the event ${event.type} of ${clock(event.at)}" @click=${() => this.open(eventView(event, () => this.close()))}>Read</button>
      </li>`;
  }
}

const orderWords = (order) => `${shortId(order.order_id)} · ${shortStatus(order.status).toLowerCase()} · ${ago(order.placed_at)}`;

customElements.define("architecture-page", ArchitecturePage);
