/** All orders that need an operator, of one kind. */
import { get } from "../api.js";

const PAGE = 100;

/** Oldest first: who has waited longest comes first. @param {"review" | "attention"} need @param {AbortSignal} signal @returns {Promise<any[]>} */
export async function needyOrders(need, signal) {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`/orders?needs=${need}&limit=${PAGE}${cursor}`, { signedIn: true, signal });
    found.push(...page.orders);
    cursor = page.next_cursor ? `&cursor=${encodeURIComponent(page.next_cursor)}` : "";
  } while (cursor);
  return found.reverse();
}

/** Those already shown keep their places, so that no button moves away under a hand; what is new comes after them. */
export function inPlace(shown, found) {
  const now = new Map(found.map((order) => [order.order_id, order]));
  const kept = shown.map((order) => now.get(order.order_id) ?? order);
  const known = new Set(shown.map((order) => order.order_id));
  return [...kept, ...found.filter((order) => !known.has(order.order_id))];
}
