/** Draws the journey of an order: a track with stops, and a branch that leads back where something is undone. */
import { html, nothing, svg } from "../vendor/lit-html.js";
import { clock } from "../format.js";

const SECOND = 1000;

/** @param {import("./journey.js").Stop[]} stops */
export const trackView = (stops) => html`
  <ol class="track" role="list" aria-label="What has happened, and what comes next">${stops.map(stopView)}</ol>`;

function stopView(stop, at, stops) {
  const classes = ["stop", `stop--${stop.lane}`, `stop--${stop.state}`, stop.turn ? "stop--turn" : "", isLastOut(stops, at) ? "stop--last-out" : ""];
  return html`
    <li class=${classes.filter(Boolean).join(" ")} aria-current=${stop.state === "now" ? "step" : nothing}>
      <span class="stop__rail" aria-hidden="true">
        ${stop.turn ? turnView : nothing}
        ${stop.state === "now" ? wheelView : html`<span class="stop__dot">${dotSign(stop)}</span>`}
      </span>
      <div class="stop__text">
        ${stop.retries ? retriesView(stop) : nothing}
        <p class="stop__head">
          <strong class="stop__title">${stateWord(stop)}${stop.title}</strong>
          ${stop.at ? html`<time class="stop__time" datetime=${stop.at}>${clock(stop.at)}${gapView(stop)}</time>` : nothing}
        </p>
        ${stop.text ? html`<p class="stop__what">${stop.text}</p>` : nothing}
        ${stop.event ? rawView(stop.event) : nothing}
      </div>
    </li>`;
}

/** Where the way out ends, its line must not go on. */
const isLastOut = (stops, at) => stops[at].lane !== "back" && !stops.slice(at + 1).some((stop) => stop.lane === "out");

const stateWord = ({ state }) => {
  const word = { now: "Now: ", ahead: "Still to come: " }[state];
  return word ? html`<span class="visually-hidden">${word}</span>` : nothing;
};

const gapView = ({ gap }) => (gap === undefined ? nothing : html` <span class="stop__gap">after ${inSeconds(gap)}</span>`);

const inSeconds = (gap) => (gap < SECOND ? `${Math.max(Math.round(gap), 0)} ms` : `${(gap / SECOND).toFixed(1)} s`);

const retriesView = ({ retries, gap }) => html`
  <p class="stop__retries">
    ${Array.from({ length: retries }, () => retryView)}
    <span>${retries === 1 ? "No answer from the bank, asked again" : `${retries} errors at the bank, asked again each time`}${gap >= SECOND ? ` (${inSeconds(gap)})` : ""}</span>
  </p>`;

const rawView = (event) => html`
  <details class="stop__raw">
    <summary>Event <code>${event.type}</code></summary>
    <pre tabindex="0" role="region" aria-label="The event ${event.type} as it was sent">${JSON.stringify(event, null, 2)}</pre>
  </details>`;

function dotSign({ state, lane }) {
  if (lane === "side") return drawn(svg`<path d="M4 7h16v11H4zM4 7l8 6 8-6"/>`);
  if (state === "bad") return drawn(svg`<path d="M7 7l10 10M17 7 7 17"/>`);
  if (state === "ahead") return nothing;
  return lane === "back" ? drawn(svg`<path d="M14 6l-6 6 6 6"/>`) : drawn(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`);
}

const drawn = (path) => html`<svg class="icon" viewBox="0 0 24 24">${path}</svg>`;

const retryView = html`<svg class="icon stop__retry" viewBox="0 0 24 24" aria-hidden="true"><path d="M19 12a7 7 0 1 1-2.5-5.4M19 3v5h-5"/></svg>`;

const turnView = html`
  <svg class="stop__turn" viewBox="0 0 40 48" preserveAspectRatio="none"><path d="M4 0C4 30 36 14 36 48"/></svg>`;

const wheelView = html`
  <svg class="stop__wheel" viewBox="0 0 48 48">
    <circle class="wheel-rim" cx="24" cy="24" r="20"/>
    <path class="wheel-spokes" d="M24 4v40M4 24h40M9.9 9.9l28.2 28.2M38.1 9.9 9.9 38.1"/>
    <circle class="wheel-hub" cx="24" cy="24" r="5.5"/>
  </svg>`;
