/** The way of an order as stops along a track, from its events. Pure: no page, no clock. */
import { testCard } from "../checkout/test-cards.js";
import { AHEAD, ALL_GIVEN_BACK, eventWords } from "./words.js";

/**
 * @typedef {object} Stop
 * @property {"out" | "back"} lane `out`: towards the confirmation; `back`: giving back what was taken
 * @property {"done" | "bad" | "now" | "ahead"} state
 * @property {string} title
 * @property {string} text
 * @property {string} [at] when, in RFC 3339
 * @property {number} [gap] milliseconds since the stop before
 * @property {number} [retries] how often something had to be asked again before this
 * @property {object} [event] as the API sent it
 * @property {"turn" | "rejoin"} [bend] here the way leaves the track to lead back, or comes to its end
 * @property {boolean} [returning] whether the way leads back from here
 */

const BACK = new Set(["OrderRejected", "OrderCancelled", "PaymentVoided", "PaymentRefunded", "PaymentSettlementFailed", "OrderNeedsAttention", "StockReleased", "StockReturned"]);
const BAD = new Set(["StockRejected", "PaymentDeclined", "OrderRejected", "OrderCancelled", "PaymentSettlementFailed", "OrderNeedsAttention"]);
const CLOSED = new Set(["REJECTED", "CANCELLED"]);
const LONG = 1800; // milliseconds

/** Mail and messages are news about the order, and no part of its way. @param {{type: string}} event */
export const isMail = (event) => event.type.startsWith("Notification");

/**
 * @param {any} order
 * @param {any[]} events as the API sends them, oldest first
 * @param {number} now milliseconds
 * @returns {Stop[]}
 */
export function journey(order, events, now) {
  const stops = stopsOf(order, events.filter((event) => !isMail(event)));
  return [...stops, ...(isGivenBack(order, events) ? [END] : stopsAhead(order, events, now))];
}

const END = { lane: "out", state: "done", bend: "rejoin", ...ALL_GIVEN_BACK };

/** Whether nothing more is expected to happen, as far as the events tell. */
export const isSettled = (order, events) => !stillToCome(order, events).length && order.attention === null;

const isGivenBack = (order, events) => CLOSED.has(order.status) && isSettled(order, events) && events.some(({ type }) => BACK.has(type));

/** @returns {Stop[]} */
function stopsOf(order, events) {
  const retries = testCard(order.payment_method).retries;
  const turn = events.findIndex((event) => BACK.has(event.type));
  return events.map((event, at) => ({
    lane: BACK.has(event.type) ? "back" : "out",
    state: BAD.has(event.type) ? "bad" : "done",
    ...eventWords(event),
    at: event.at,
    gap: at ? new Date(event.at) - new Date(events[at - 1].at) : undefined,
    retries: retriesBefore(event.type, retries),
    event,
    bend: at === turn ? "turn" : undefined,
    returning: turn >= 0 && at >= turn,
  }));
}

/** The events do not tell how often the bank was asked; the test card does. */
function retriesBefore(type, retries) {
  if (type === "PaymentAuthorized") return retries.authorize ?? 0;
  return type === "PaymentCaptured" ? (retries.capture ?? 0) : 0;
}

/** @returns {Stop[]} */
function stopsAhead(order, events, now) {
  const returning = CLOSED.has(order.status);
  const lane = returning ? "back" : "out";
  return stillToCome(order, events).map((step, at) => ({
    lane,
    returning,
    state: at ? "ahead" : "now",
    ...AHEAD[step],
    ...(at === 0 && isSlow(step, events, now) ? SLOW : {}),
  }));
}

const SLOW = { text: "This takes longer than usual. The shop asks again by itself.", retries: 1 };

function isSlow(step, events, now) {
  return step !== "review" && events.length > 0 && now - new Date(events.at(-1).at) > LONG;
}

/** @returns {(keyof typeof AHEAD)[]} */
function stillToCome(order, events) {
  const seen = new Set(events.map((event) => event.type));
  return CLOSED.has(order.status) ? stillToGiveBack(seen) : stillToDo(order, seen);
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

function stillToGiveBack(seen) {
  const owed = seen.has("PaymentAuthorized") && !seen.has("PaymentVoided") && !seen.has("PaymentRefunded");
  const shelved = seen.has("StockReserved") && !seen.has("StockReleased") && !seen.has("StockReturned");
  return [...(owed ? ["money"] : []), ...(shelved ? ["goods"] : [])];
}

/** What became of the money, by its events; null where nothing did. @param {any[]} events */
export function amounts(events) {
  const of = (...types) => events.findLast((event) => types.includes(event.type))?.data.amount ?? null;
  return { held: of("PaymentAuthorized"), charged: of("PaymentCaptured"), givenBack: of("PaymentVoided", "PaymentRefunded") };
}
