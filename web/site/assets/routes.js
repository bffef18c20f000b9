/** The pages of the shop, by path. Only the shop window comes with the first view; the others are loaded when needed. */
import "./pages/catalogue.js";

/** @type {import("./router.js").Route[]} */
export const ROUTES = [
  { path: "/", tag: "catalogue-page", title: "", load: async () => {} },
  { path: "/products/:sku", tag: "product-page", title: "Product", load: () => import("./pages/product.js") },
  { path: "/cart", tag: "cart-page", title: "Your cart", load: () => import("./pages/cart.js") },
  { path: "/checkout", tag: "checkout-page", title: "Checkout", load: () => import("./pages/checkout.js") },
  { path: "/sign-in", tag: "sign-in-page", title: "Sign in", load: () => import("./pages/sign-in.js") },
  { path: "/sign-up", tag: "sign-up-page", title: "Open an account", load: () => import("./pages/sign-up.js") },
  { path: "/confirm", tag: "confirm-page", title: "Confirm your address", load: () => import("./pages/confirm.js") },
  { path: "/new-password", tag: "new-password-page", title: "New password", load: () => import("./pages/new-password.js") },
  { path: "/orders", tag: "orders-page", title: "Your orders", load: () => import("./pages/orders.js") },
  { path: "/orders/:order_id", tag: "order-page", title: "Your order", load: () => import("./pages/order.js") },
  { path: "/operators", tag: "operators-stock", title: "Stock", load: () => import("./operators/stock.js") },
  { path: "/operators/review", tag: "operators-review", title: "Review", load: () => import("./operators/review.js") },
  { path: "/operators/attention", tag: "operators-attention", title: "Attention", load: () => import("./operators/attention.js") },
  { path: "/operators/dead-letters", tag: "operators-dead-letters", title: "Dead letters", load: () => import("./operators/dead-letters.js") },
  { path: "/operators/break", tag: "operators-break", title: "Break it", load: () => import("./operators/break.js") },
  { path: "/architecture", tag: "architecture-page", title: "How the shop works", load: () => import("./pages/architecture.js") },
  { path: "/not-found", tag: "not-found-page", title: "Not found", load: () => import("./pages/not-found.js") },
];
