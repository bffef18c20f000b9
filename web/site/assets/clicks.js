/** What this visitor looks at, puts into the cart and checks out: sent in batches, counted by the shop, never by name. */
import { newId } from "./id.js";

const ADDRESS = "/v1/clicks";
const MOST = 100; // events in a request: openapi.yaml, ClicksRequest
const WAIT = 4000; // milliseconds in which a visitor's next clicks join the batch

/** @type {object[]} */
let waiting = [];
let timer = 0;
let off = false;

/** @param {"view" | "add_to_cart" | "checkout"} type @param {string} sku */
export function clicked(type, sku) {
  if (off) return;
  waiting.push({ event_id: newId(), session_id: sessionId(), type, sku, at: new Date().toISOString() });
  timer ||= setTimeout(sendNow, WAIT);
}

addEventListener("pagehide", handOver);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && handOver());

async function sendNow() {
  timer = 0;
  const batch = waiting.splice(0, MOST);
  if (!batch.length || off) return;
  try {
    const answer = await fetch(ADDRESS, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ events: batch }),
      credentials: "omit",
      keepalive: true,
    });
    if (answer.status === 404) stop(); // this shop takes no clicks
    else if (answer.status === 429 || answer.status >= 500) later(batch);
  } catch {
    later(batch);
  }
  if (waiting.length) timer ||= setTimeout(sendNow, WAIT);
}

/** Each click counts once by its id, so sending it again is safe. The oldest go if the shop stays silent. */
function later(batch) {
  waiting = [...batch, ...waiting].slice(-MOST);
}

function stop() {
  off = true;
  waiting = [];
}

/** The browser delivers these after the page is gone. */
function handOver() {
  while (waiting.length && !off) {
    const batch = new Blob([JSON.stringify({ events: waiting.slice(0, MOST) })], { type: "application/json" });
    if (!navigator.sendBeacon(ADDRESS, batch)) return;
    waiting.splice(0, MOST);
  }
}

/** One per tab, and gone with it. */
function sessionId() {
  let id = sessionStorage.getItem("cartwheel.visit");
  if (!id) sessionStorage.setItem("cartwheel.visit", (id = newId()));
  return id;
}
