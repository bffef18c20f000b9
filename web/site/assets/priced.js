/** The lines of the cart at the shop's prices of now. */
import { get, Problem } from "./api.js";
import { times } from "./format.js";

/** @typedef {{sku: string, quantity: number, product: any | null}} PricedLine `product` is null where it is no longer sold */

/** @param {import("./cart.js").Line[]} lines @param {AbortSignal} signal @returns {Promise<PricedLine[]>} */
export const priced = (lines, signal) =>
  Promise.all(lines.map(async (line) => ({ ...line, product: await productOrNull(line.sku, signal) })));

/** What the lines that are sold cost together; null where there are none. @param {PricedLine[]} lines */
export function totalOf(lines) {
  const sold = lines.filter((line) => line.product);
  if (!sold.length) return null;
  const { currency } = sold[0].product.price;
  return { amount: sold.reduce((sum, line) => sum + times(line.product.price, line.quantity).amount, 0), currency };
}

/** Whether all of it could be ordered as it stands. @param {PricedLine[]} lines */
export const isOrderable = (lines) => lines.length > 0 && lines.every(({ product, quantity }) => product && product.available >= quantity);

async function productOrNull(sku, signal) {
  try {
    return await get(`/products/${encodeURIComponent(sku)}`, { signal });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}
