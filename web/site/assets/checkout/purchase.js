/**
 * Buys a cart once, whatever happens on the way. Before an order is sent, what is sent is written down with its
 * Idempotency-Key. While it is not known what became of it, the same is sent again under the same key: after a double
 * click, after a reload, from another tab.
 */
import { post, Problem, SignInNeeded } from "../api.js";
import { session } from "../auth.js";
import { lines, setQuantity } from "../cart.js";
import { newId } from "../id.js";

const STORE = "cartwheel.purchase";
// The shop remembers a key for 24 hours (services/order/README.md). Later the same key would buy again.
const REMEMBERED = 23 * 3600 * 1000; // milliseconds

/** @typedef {{key: string, email: string, body: object, at: number}} Attempt */

/** What was sent and not answered yet, by whoever is signed in. @returns {Attempt | null} */
export function unanswered() {
  try {
    const attempt = JSON.parse(localStorage.getItem(STORE));
    const valid = attempt && attempt.email === session()?.email && Date.now() - attempt.at < REMEMBERED;
    return valid ? attempt : null;
  } catch {
    return null;
  }
}

/** The other tab has bought it, or changed it: what is on the screen is not what would be bought. */
export class CartChanged extends Error {}

/**
 * @param {object} body as POST /orders takes it
 * @returns {Promise<any>} the order
 * Raises CartChanged, and what the API raises.
 */
export function buy(body) {
  return alone(() => {
    const before = unanswered();
    if (before && sameLines(before.body.lines, body.lines)) return send(before);
    if (!sameLines(lines(), body.lines)) throw new CartChanged();
    return send(written({ key: newId(), email: session()?.email, body, at: Date.now() }));
  });
}

/** Sends again what was not answered. @returns {Promise<any>} the order; null where an answer has come in the meantime */
export const resume = () => alone(() => (unanswered() ? send(unanswered()) : null));

async function send(attempt) {
  try {
    const order = await post("/orders", attempt.body, { "Idempotency-Key": attempt.key });
    answered();
    takeOut(attempt.body.lines);
    return order;
  } catch (error) {
    if (nothingWasPlaced(error)) answered();
    throw error;
  }
}

/** A clear no. Without an answer, or with "try again", the order may have been placed. */
const nothingWasPlaced = (error) => error instanceof SignInNeeded || (error instanceof Problem && !error.isTemporary);

/** One tab at a time, where the browser can do that. */
const alone = (work) => (navigator.locks ? navigator.locks.request(STORE, work) : work());

function written(attempt) {
  localStorage.setItem(STORE, JSON.stringify(attempt));
  return attempt;
}

const answered = () => localStorage.removeItem(STORE);

/** What was bought; what was put in since then stays. */
function takeOut(bought) {
  const now = new Map(lines().map((line) => [line.sku, line.quantity]));
  for (const { sku, quantity } of bought) {
    if (now.has(sku)) setQuantity(sku, Math.max(now.get(sku) - quantity, 0));
  }
}

function sameLines(some, others) {
  const written = (all) => all.map(({ sku, quantity }) => `${sku} ${quantity}`).sort().join("\n");
  return written(some) === written(others);
}
