/** Draws the journey of an order: a track with stops, and a branch that leads back where something is undone. */
import { html, nothing, svg } from "../vendor/lit-html.js";
import { clock } from "../format.js";

const SECOND = 1000;

/** @param {import("./journey.js").Stop[]} stops */
export const trackView = (stops) => html`
  <ol class="track" role="list" aria-label="What has happened, and what comes next">${stops.map(stopView)}</ol>`;

/** @param {import("./journey.js").Stop} stop */
const stopView = (stop) => html`
  <li class="stop stop--${stop.lane} stop--${stop.state} ${stop.bend ? `stop--${stop.bend}` : ""} ${stop.returning ? "stop--returning" : ""}"
    aria-current=${stop.state === "now" ? "step" : nothing}>
    <span class="stop__rail" aria-hidden="true">
      ${stop.bend ? bendView : nothing}
      ${stop.retries ? html`<span class="stop__retries">${Array.from({ length: stop.retries }, () => RETRY)}</span>` : nothing}
      ${stop.state === "now" ? WHEEL : html`<span class="stop__dot">${dotSign(stop)}</span>`}
    </span>
    <div class="stop__text">
      <p class="stop__head">
        <strong class="stop__title">${stateWord(stop)}${stop.title}</strong>
        ${stop.at ? html`<time class="stop__time" datetime=${stop.at}>${clock(stop.at)}${gapWord(stop)}</time>` : nothing}
      </p>
      <p class="stop__what">${stop.event ? retryWords(stop) : nothing}${stop.text}</p>
      ${stop.event ? rawView(stop.event) : nothing}
    </div>
  </li>`;

/** The event itself, for those who want to see it. @param {{type: string}} event */
export const rawView = (event) => html`
  <details class="stop__raw">
    <summary><code>${event.type}</code></summary>
    <pre tabindex="0" role="region" aria-label="The event ${event.type} as it was sent">${JSON.stringify(event, null, 2)}</pre>
  </details>`;

const stateWord = ({ state }) => {
  const word = { now: "Now: ", ahead: "Still to come: " }[state];
  return word ? html`<span class="visually-hidden">${word}</span>` : nothing;
};

const gapWord = ({ gap }) => (gap === undefined ? "" : `, after ${gap < SECOND ? `${Math.max(Math.round(gap), 0)} ms` : `${(gap / SECOND).toFixed(1)} s`}`);

function retryWords({ retries }) {
  if (!retries) return nothing;
  return html`<span class="stop__again">${retries === 1 ? "The answer got lost, so the shop asked again." : "Failed twice, asked again each time."}</span> `;
}

function dotSign({ state, lane }) {
  if (state === "bad") return drawn(svg`<path d="M7 7l10 10M17 7 7 17"/>`);
  if (state === "ahead") return nothing;
  return lane === "back" ? drawn(svg`<path d="M14 6l-6 6 6 6"/>`) : drawn(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`);
}

const drawn = (path) => html`<svg class="icon" viewBox="0 0 24 24">${path}</svg>`;

const RETRY = drawn(svg`<path d="M19 12a7 7 0 1 1-2.5-5.4M19 3v5h-5"/>`);

const bendView = html`<svg class="stop__bend" viewBox="0 0 32 48" preserveAspectRatio="none"><path d="M0 0C0 34 32 14 32 48"/></svg>`;

const WHEEL = html`
  <svg class="stop__wheel" viewBox="0 0 48 48">
    <circle class="wheel-rim" cx="24" cy="24" r="20"/>
    <path class="wheel-spokes" d="M24 4v40M4 24h40M9.9 9.9l28.2 28.2M38.1 9.9 9.9 38.1"/>
    <circle class="wheel-hub" cx="24" cy="24" r="5.5"/>
  </svg>`;
