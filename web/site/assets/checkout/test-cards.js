/** The gateway's test cards, and what each does to an order (services/payment/README.md, "The gateway"). */

/** @typedef {{method: string, name: string, digits: string, does: string, retries: Partial<Record<"authorize" | "capture", number>>}} TestCard */

/** `retries`: how often the gateway has to be asked again for the step. @type {TestCard[]} */
export const TEST_CARDS = [
  { method: "pm_visa", name: "The good card", digits: "4242", does: "Pays at once. The order is confirmed in about a second.", retries: {} },
  { method: "pm_flaky", name: "The flaky bank", digits: "0259", does: "The bank fails twice, then pays. Watch the shop ask again.", retries: { authorize: 2 } },
  { method: "pm_timeout", name: "The lost answer", digits: "0341", does: "The bank pays, but its answer gets lost. The shop asks again and finds the payment: you are charged once.", retries: { authorize: 1, capture: 1 } },
  { method: "pm_declined", name: "The declined card", digits: "0002", does: "The bank says no. The order is rejected, and the goods go back on the shelf.", retries: {} },
  { method: "pm_insufficient_funds", name: "The empty account", digits: "9995", does: "Too little money on it. The order is rejected, and the goods go back on the shelf.", retries: {} },
  { method: "pm_capture_fails", name: "The second thought", digits: "0127", does: "The bank promises the money, then refuses to pay it. The order is rejected, and the promise is given back.", retries: {} },
  { method: "pm_review", name: "The odd one", digits: "9235", does: "The order waits until an operator has looked at it, and approves or rejects it.", retries: {} },
  { method: "pm_settle_fails", name: "The stubborn refund", digits: "5126", does: "Pays. But cancel the order, and the refund fails again and again, until a person must look.", retries: {} },
];

/** @param {string} method @returns {TestCard} */
export const testCard = (method) =>
  TEST_CARDS.find((card) => card.method === method) ?? { method, name: method, digits: "····", does: "", retries: {} };
