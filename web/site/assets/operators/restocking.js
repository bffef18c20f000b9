/** One Idempotency-Key per intent: the same units for the same product are added once, also after a reload or a lost answer. */
import { post } from "../api.js";
import { newId } from "../id.js";

const store = (sku) => `cartwheel.restock.${sku}`;

/** Adds the units and forgets the intent once the shop has answered, with yes or no.
 * @param {string} sku @param {number} quantity @returns {Promise<object>} the product with its new stock */
export async function restock(sku, quantity) {
  try {
    const product = await post(`/products/${encodeURIComponent(sku)}/restock`, { quantity }, { "Idempotency-Key": keyFor(sku, quantity) });
    forget(sku);
    return product;
  } catch (error) {
    if (!error.isTemporary) forget(sku);
    throw error;
  }
}

function keyFor(sku, quantity) {
  const kept = JSON.parse(sessionStorage.getItem(store(sku)));
  if (kept?.quantity === quantity) return kept.key;
  const key = newId();
  sessionStorage.setItem(store(sku), JSON.stringify({ quantity, key }));
  return key;
}

const forget = (sku) => sessionStorage.removeItem(store(sku));
