/** One line below the header when the browser knows that it is offline. */
import { html } from "./vendor/lit-html.js";
import { View } from "./view.js";

class ShopNotices extends View {
  arrive() {
    this.listen(window, "offline", () => this.update());
    this.listen(window, "online", () => this.update());
  }

  view() {
    return html`<div role="status">
      ${navigator.onLine ? null : html`<p class="notice-bar">You are offline. What you see may be old; the cart keeps what you put in.</p>`}
    </div>`;
  }
}

customElements.define("shop-notices", ShopNotices);
