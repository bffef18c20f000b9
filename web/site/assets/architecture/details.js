/** What the page says about one node, and about one event. */
import { html, nothing } from "../vendor/lit-html.js";

const SHOWN = 8;
const VERBS = { request: "requests", task: "runs as a step", event: "events", message: "messages", stream: "changes", read: "reads", write: "writes", "read-write": "reads and writes", failure: "what failed", operates: "looks after" };

/** What it gets and gives, as the templates connect it. @param {any} graph @param {string} id */
export function connections(graph, id) {
  const found = graph.edges.filter(([from, to, , rule]) => [from, to, rule].includes(id));
  const here = graph.nodes[id].service;
  const name = (other) => (graph.nodes[other].service === here || !other.includes("/") ? "" : `${graph.nodes[other].service} `) + graph.nodes[other].name;
  const rows = found.map(([from, to, kind]) => `${name(from)} → ${name(to)}: ${VERBS[kind]}`);
  return [...new Set(rows)];
}

/** @param {any} graph @param {string} id @param {() => void} close */
export function nodeView(graph, id, close) {
  return shown(graph.nodes[id], connections(graph, id), close);
}

const shown = (node, connected, close) => html`
  <p class="small soft">${node.service} · ${node.kind}${node.optional ? ", off until it is switched on" : ""}</p>
  <h2 id="node-title" tabindex="-1">${node.name}</h2>
  <p>${node.text}</p>
  <dl class="node-facts">
    ${node.code ? html`<dt>Code</dt><dd><code>${node.code}</code></dd>` : nothing}
    <dt>Template</dt><dd><code>${node.template}</code></dd>
    <dt>Price</dt><dd>${node.price.map((price) => html`${price}<br>`)}</dd>
    <dt>Alarms</dt><dd>${node.alarms.length ? node.alarms.map(alarmView) : "None of its own."}</dd>
    ${connected.length ? html`<dt>Connected</dt><dd>${connected.slice(0, SHOWN).map((row) => html`${row}<br>`)}${connected.length > SHOWN ? `and ${connected.length - SHOWN} more` : nothing}</dd>` : nothing}
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
