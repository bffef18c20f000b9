/** The menu in the header: the cart, the orders, who is signed in, and the operators' corner. */
import { html, nothing } from "./vendor/lit-html.js";
import { announce } from "./announce.js";
import { forgetSession, isOperator, onSession, session } from "./auth.js";
import { onCart, units } from "./cart.js";
import { counted } from "./format.js";
import { go, here, signInHref } from "./router.js";
import { View } from "./view.js";

class ShopMenu extends View {
  arrive() {
    const again = () => this.update();
    onSession(again, this.leaving);
    onCart(again, this.leaving);
    this.listen(document, "shop:page", again);
  }

  view() {
    const who = session();
    return html`
      <nav class="menu" aria-label="Shop">
        ${isOperator() ? link("/operators", "Operators") : nothing}
        ${who ? link("/orders", "Orders") : nothing}
        ${who ? signOutButton(who) : html`<a class="menu__item" href=${signInHref(backFromHere())}>Sign in</a>`}
        ${cartLink(units())}
      </nav>`;
  }
}

function link(path, label) {
  const current = here() === path || here().startsWith(`${path}/`);
  return html`<a class="menu__item" href="#${path}" aria-current=${current ? "page" : nothing}>${label}</a>`;
}

function cartLink(count) {
  return html`
    <a class="menu__item menu__cart" href="#/cart" aria-current=${here() === "/cart" ? "page" : nothing}
      aria-label=${count ? `Cart, ${counted(count, "item")}` : "Cart, empty"}>
      <svg viewBox="0 0 24 24" class="icon" aria-hidden="true"><path d="M4 9h16l-1.6 10.2a2 2 0 0 1-2 1.8H7.6a2 2 0 0 1-2-1.8zM8 9l3-6M16 9l-3-6"/></svg>
      <span>Cart</span>
      <span class="menu__count" ?data-empty=${!count}>${count}</span>
    </a>`;
}

function signOutButton(who) {
  return html`<button class="menu__item" title=${who.email} @click=${signOut}>Sign out</button>`;
}

function signOut() {
  forgetSession();
  announce("You are signed out.");
  go("/");
}

/** After signing in one wants to be where one was, but not on a page about signing in. */
function backFromHere() {
  return /^\/(sign-|confirm|new-password)/.test(here()) ? "/" : here();
}

customElements.define("shop-menu", ShopMenu);
