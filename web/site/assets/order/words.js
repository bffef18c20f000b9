/** What each event and each status means to the one who ordered. */
import { counted, money } from "../format.js";

const REASONS = {
  out_of_stock: "there was not enough left of what you ordered",
  payment_declined: "the bank declined the card",
  payment_insufficient_funds: "there was too little money on the card",
  payment_capture_refused: "the bank promised the money, then refused to pay it",
  checkout_failed: "something failed that the shop could not mend by itself",
  checkout_stuck: "the checkout did not come to an end in time",
  review_rejected: "an operator decided against it",
  review_expired: "nobody looked at it in time",
  cancelled_by_customer: "you cancelled it",
  cancelled_by_operator: "an operator cancelled it",
  declined: "the bank declined it",
  insufficient_funds: "there is too little money on it",
};

/** Goes on after "because". @param {string} reason */
export const because = (reason) => REASONS[reason] ?? reason.replaceAll("_", " ");

/** @typedef {{title: string, text: string}} Words */

/** @type {Record<string, (data: any) => Words>} */
const EVENTS = {
  OrderPlaced: (d) => ({ title: "Order placed", text: `The shop took your order for ${money(d.total)} and starts to work on it.` }),
  StockReserved: (d) => ({ title: "Goods set aside", text: `On a shelf of its own: ${units(d)}. Nobody else can buy that now.` }),
  StockRejected: (d) => ({ title: "Not enough left", text: `Somebody was faster: there is too little of ${d.short.join(", ")}. Nothing is set aside.` }),
  PaymentAuthorized: (d) => ({ title: "Card says yes", text: `The bank holds ${money(d.amount)}. You are not charged yet.` }),
  PaymentDeclined: (d) => ({ title: "Card says no", text: `The payment of ${money(d.amount)} was refused: ${because(d.reason)}.` }),
  OrderHeldForReview: () => ({ title: "A person looks at it", text: "The order waits until an operator approves or rejects it. Goods and money stay reserved." }),
  OrderReviewed: (d) => reviewed(d.decision),
  PaymentCaptured: (d) => ({ title: "Paid", text: `You are charged ${money(d.amount)}.` }),
  OrderConfirmed: (d) => ({ title: "Order confirmed", text: `Paid, and yours: ${money(d.total)} in all.` }),
  StockCommitted: (d) => ({ title: "Goods handed over", text: `Off the shelf for good: ${units(d)}.` }),
  OrderRejected: (d) => ({ title: "Order rejected", text: `It ends here, because ${because(d.reason)}. Whatever was taken is given back.` }),
  OrderCancelled: (d) => ({ title: "Order cancelled", text: `It ends here, because ${because(d.reason)}. Whatever was taken is given back.` }),
  PaymentVoided: (d) => ({ title: "Hold on the card lifted", text: `The bank frees the ${money(d.amount)}. You were never charged.` }),
  PaymentRefunded: (d) => ({ title: "Money refunded", text: `Back to your card: ${money(d.amount)}.` }),
  PaymentSettlementFailed: (d) => ({ title: "Refund does not work", text: `The bank would not take back ${money(d.amount)}. The shop goes on trying.` }),
  OrderNeedsAttention: () => ({ title: "A person must look", text: "The shop could not finish this by itself, and has told its operators." }),
  StockReleased: (d) => released(d),
  StockReturned: (d) => ({ title: "Goods back on the shelf", text: `Others can buy them again: ${units(d)}.` }),
  NotificationSent: (d) => ({ title: told(d), text: d.kept ? "Written, and kept in the shop, because it has no sender for mail yet." : "It is on its way." }),
  NotificationFailed: (d) => ({ title: `${told(d)} – failed`, text: `It could not be sent: ${because(d.reason)}.` }),
};

/** An event that this page does not know yet is told in the API's own sentence. @param {{type: string, summary: string, data: any}} event */
export const eventWords = (event) => EVENTS[event.type]?.(event.data) ?? { title: event.summary, text: "" };

/** What must still come. @type {Record<string, Words>} */
export const AHEAD = {
  reserve: { title: "Set the goods aside", text: "So that nobody else can buy them meanwhile." },
  authorize: { title: "Ask the card", text: "Whether the bank holds the amount for the shop." },
  review: { title: "An operator decides", text: "Goods and money stay reserved for as long as it takes." },
  capture: { title: "Take the money", text: "Only now are you charged." },
  confirm: { title: "Confirm the order", text: "From then on it is yours." },
  commit: { title: "Hand the goods over", text: "They leave the shelf for good." },
  money: { title: "Give the money back", text: "Whether it was only held, or charged." },
  goods: { title: "Put the goods back", text: "So that others can buy them." },
};

/** The end of the way back. @type {Words} */
export const ALL_GIVEN_BACK = { title: "Nothing is left open", text: "Money and goods are where they were before." };

/** @type {Record<string, {label: string, tone: string, text: (order: any) => string}>} */
const STATUSES = {
  PLACED: { label: "On its way through the shop", tone: "warm", text: () => "Every step appears below as it happens. You need not reload." },
  AWAITING_REVIEW: { label: "Waiting for a person", tone: "warm", text: () => "An operator has to approve this order. Goods and money are reserved until then." },
  CONFIRMED: { label: "Confirmed", tone: "good", text: (order) => `Paid: ${money(order.total)}. Thank you!` },
  REJECTED: { label: "Rejected", tone: "bad", text: (order) => `${sentence(because(order.reason ?? "checkout_failed"))} You pay nothing.` },
  CANCELLED: { label: "Cancelled", tone: "bad", text: (order) => `${sentence(because(order.reason ?? "cancelled_by_customer"))} Whatever was paid comes back.` },
};

/** @param {{status: string}} order */
export function statusWords(order) {
  const { label, tone, text } = STATUSES[order.status] ?? { label: order.status, tone: "warm", text: () => "" };
  return { label, tone, text: text(order) };
}

const SHORT = { PLACED: "In progress", AWAITING_REVIEW: "In review", CONFIRMED: "Confirmed", REJECTED: "Rejected", CANCELLED: "Cancelled" };

/** One or two words, for lists. */
export const shortStatus = (status) => SHORT[status] ?? status;

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const units = ({ lines }) => counted(lines.reduce((sum, line) => sum + line.quantity, 0), "item");

const reviewed = (decision) =>
  decision === "approved"
    ? { title: "Approved", text: "An operator said yes. The order goes on where it stopped." }
    : { title: "Not approved", text: "An operator said no, or nobody said anything in time." };

const released = (data) =>
  data.lines.length
    ? { title: "Goods back on the shelf", text: `Set aside no longer: ${units(data)}. Others can buy them.` }
    : { title: "No goods to put back", text: "Nothing had been set aside yet." };

const ABOUT = { OrderPlaced: "the order", OrderHeldForReview: "the review", OrderConfirmed: "the confirmation", OrderRejected: "the rejection", OrderCancelled: "the cancellation" };

const told = ({ channel, about }) => `${channel === "email" ? "E-mail" : "Message"} about ${ABOUT[about] ?? about}`;
