/** The way of an order as stops along a track, from its events. Pure: no page, no clock. */
import { testCard } from "../checkout/test-cards.js";
import { AHEAD, eventWords } from "./words.js";

/**
 * @typedef {"out" | "back" | "side"} Lane `out`: towards the confirmation; `back`: giving back; `side`: news about it
 * @typedef {{key: string, lane: Lane, state: "done" | "bad" | "now" | "ahead", title: string, text: string,
 *   at?: string, gap?: number, retries?: number, event?: object, turn?: boolean}} Stop
 *   `gap`: milliseconds since the stop before; `turn`: here the way leads back
 */

const BACK = new Set(["OrderRejected", "OrderCancelled", "PaymentVoided", "PaymentRefunded", "PaymentSettlementFailed", "OrderNeedsAttention", "StockReleased", "StockReturned"]);
const SIDE = new Set(["NotificationSent", "NotificationFailed"]);
const BAD = new Set(["StockRejected", "PaymentDeclined", "OrderRejected", "OrderCancelled", "PaymentSettlementFailed", "OrderNeedsAttention", "NotificationFailed"]);
const CLOSED = new Set(["REJECTED", "CANCELLED"]);

/** @param {any} order @param {any[]} events as the API sends them, oldest first @returns {Stop[]} */
export function journey(order, events) {
  const happened = stopsOf(order, events);
  const missing = stillToCome(order, events).map((step, at) => ({
    key: `ahead-${step}`,
    lane: CLOSED.has(order.status) ? "back" : "out",
    state: at === 0 ? "now" : "ahead",
    ...AHEAD[step],
  }));
  return [...happened, ...missing];
}

/** Whether nothing more is expected to happen, as far as the events tell. */
export const isSettled = (order, events) => !stillToCome(order, events).length && order.attention === null;

function stopsOf(order, events) {
  const { retries } = testCard(order.payment_method);
  let before = null;
  let turned = false;
  return events.map((event) => {
    const lane = laneOf(event.type);
    const turn = lane === "back" && !turned;
    turned ||= turn;
    const gap = before && lane !== "side" ? new Date(event.at) - new Date(before) : undefined;
    if (lane !== "side") before = event.at;
    return {
      key: event.event_id,
      lane,
      turn,
      state: BAD.has(event.type) ? "bad" : "done",
      ...eventWords(event),
      at: event.at,
      gap,
      retries: retriesBefore(event.type, retries),
      event,
    };
  });
}

function laneOf(type) {
  if (SIDE.has(type)) return "side";
  return BACK.has(type) ? "back" : "out";
}

/** The events do not tell how often the bank was asked; the test card does. */
function retriesBefore(type, retries) {
  if (type === "PaymentAuthorized") return retries.authorize ?? 0;
  return type === "PaymentCaptured" ? (retries.capture ?? 0) : 0;
}

/** @returns {(keyof typeof AHEAD)[]} */
function stillToCome(order, events) {
  const seen = new Set(events.map((event) => event.type));
  return CLOSED.has(order.status) ? stillToGiveBack(order, seen) : stillToDo(order, seen);
}

function stillToDo(order, seen) {
  return [
    ["reserve", seen.has("StockReserved")],
    ["authorize", seen.has("PaymentAuthorized")],
    ["review", order.status !== "AWAITING_REVIEW"],
    ["capture", seen.has("PaymentCaptured")],
    ["confirm", seen.has("OrderConfirmed")],
    ["commit", seen.has("StockCommitted")],
  ].flatMap(([step, done]) => (done ? [] : [step]));
}

function stillToGiveBack(order, seen) {
  const owed = seen.has("PaymentAuthorized") && !seen.has("PaymentVoided") && !seen.has("PaymentRefunded");
  const shelved = seen.has("StockReserved") && !seen.has("StockReleased") && !seen.has("StockReturned");
  return [...(owed ? ["money"] : []), ...(shelved ? ["goods"] : [])];
}

/** What became of the money, by its events. @param {any[]} events @returns {{label: string, amount: any}[]} */
export function amounts(events) {
  const of = (type) => events.findLast((event) => event.type === type)?.data.amount;
  return [
    ["Held on your card", of("PaymentAuthorized")],
    ["Charged", of("PaymentCaptured")],
    ["Hold lifted", of("PaymentVoided")],
    ["Refunded", of("PaymentRefunded")],
  ].flatMap(([label, amount]) => (amount ? [{ label, amount }] : []));
}
