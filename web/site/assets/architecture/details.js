/** What the page says about one node, and about one event. */
import { html, nothing } from "../vendor/lit-html.js";

/** @param {any} node @param {() => void} close */
export const nodeView = (node, close) => html`
  <p class="small soft">${node.service} · ${node.kind}${node.optional ? ", off until it is switched on" : ""}</p>
  <h2 id="node-title" tabindex="-1">${node.name}</h2>
  <p>${node.text}</p>
  <dl class="node-facts">
    ${node.code ? html`<dt>Code</dt><dd><code>${node.code}</code></dd>` : nothing}
    <dt>Template</dt><dd><code>${node.template}</code></dd>
    <dt>Price</dt><dd>${node.price.map((price) => html`${price}<br>`)}</dd>
    <dt>Alarms</dt><dd>${node.alarms.length ? node.alarms.map(alarmView) : "None of its own."}</dd>
  </dl>
  <details>
    <summary>Its lines in the template</summary>
    <pre tabindex="0" role="region" aria-label="Lines of ${node.template}">${node.lines}</pre>
  </details>
  <p><button class="button" @click=${close}>Close</button></p>`;

const alarmView = (alarm) => html`<span><code>${alarm.name}</code> ${alarm.text}</span><br>`;

/** @param {any} event @param {() => void} close */
export const eventView = (event, close) => html`
  <p class="small soft">Event of <code>${event.source}</code></p>
  <h2 id="node-title" tabindex="-1">${event.type}</h2>
  <pre tabindex="0" role="region" aria-label="The event ${event.type} as it was sent">${JSON.stringify(event, null, 2)}</pre>
  <p><button class="button" @click=${close}>Close</button></p>`;
