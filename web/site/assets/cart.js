/** The cart: what and how many, kept in this browser and shared by its tabs. Prices are the shop's, and not kept. */

const CART_KEPT = "cartwheel.cart";
export const MOST_OF_ONE = 99; // units in a line of an order: openapi.yaml, RequestedLine
export const MOST_LINES = 50; // OrderRequest

/** @typedef {{sku: string, quantity: number}} Line */

/** @returns {Line[]} in the order in which they were put in */
export function lines() {
  try {
    const kept = JSON.parse(localStorage.getItem(CART_KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isLine) : [];
  } catch {
    return [];
  }
}

export const units = () => lines().reduce((sum, line) => sum + line.quantity, 0);

export const quantityOf = (sku) => lines().find((line) => line.sku === sku)?.quantity ?? 0;

/** @returns {number} how many of it are in the cart now */
export function add(sku, quantity = 1) {
  const now = Math.min(quantityOf(sku) + quantity, MOST_OF_ONE);
  setQuantity(sku, now);
  return now;
}

/** None takes the line out. */
export function setQuantity(sku, quantity) {
  const kept = lines();
  const line = kept.find((one) => one.sku === sku);
  if (line) line.quantity = quantity;
  else kept.push({ sku, quantity });
  store(kept.filter((one) => one.quantity > 0));
}

export const empty = () => store([]);

/** Calls the listener when the cart changes, in this tab or another. */
export function onCart(listener, signal) {
  document.addEventListener("shop:cart", listener, { signal });
  addEventListener("storage", (event) => (event.key === CART_KEPT || event.key === null) && listener(), { signal });
}

function store(kept) {
  localStorage.setItem(CART_KEPT, JSON.stringify(kept));
  document.dispatchEvent(new CustomEvent("shop:cart"));
}

function isLine(line) {
  return typeof line?.sku === "string" && Number.isInteger(line.quantity) && line.quantity > 0 && line.quantity <= MOST_OF_ONE;
}
