/** Amounts and times, in the visitor's own language. */

const currencies = new Map();
const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const NUMBER = new Intl.NumberFormat();

const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
  ["week", Infinity],
];

/** @param {{amount: number, currency: string}} value minor units: {amount: 2400, currency: "USD"} is $24.00 */
export function money({ amount, currency }) {
  if (!currencies.has(currency)) {
    currencies.set(currency, new Intl.NumberFormat(undefined, { style: "currency", currency }));
  }
  return currencies.get(currency).format(amount / 100);
}

export const times = (price, quantity) => ({ amount: price.amount * quantity, currency: price.currency });

export const number = (value) => NUMBER.format(value);

/** "28 Nov 2026, 10:23" @param {string} at RFC 3339 */
export const dateTime = (at) => DATE_TIME.format(new Date(at));

/** "10:23:47" @param {string} at RFC 3339 */
export const clock = (at) => CLOCK.format(new Date(at));

/** "3 minutes ago" @param {string} at RFC 3339 @param {number} [now] milliseconds */
export function ago(at, now = Date.now()) {
  let distance = Math.round((new Date(at).getTime() - now) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) < size) return RELATIVE.format(distance, unit);
    distance = Math.round(distance / size);
  }
}

/** "1 mug", "2 mugs" */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** The last characters of an order's id, as one would say it on the telephone. @param {string} orderId */
export const shortId = (orderId) => orderId.replace(/^ord_/, "").slice(0, 8).toUpperCase();
