/** Pictures of products: from the sprite of the seeded ones, else the product's own image, else a tile with a wheel. */
import { html, svg } from "./vendor/lit-html.js";
import { View } from "./view.js";

const SPRITE = new URL("pictures.svg", import.meta.url);
const TINTS = 6; // classes tint-1 to tint-6 in style.css

/** The ids of the pictures in the sprite, once it is in the page. @type {Promise<Set<string>> | null} */
let sprite = null;

/** @param {{sku: string, name: string, image?: string}} product @param {{decorative?: boolean}} [how] `decorative`: its name stands beside it */
export const picture = (product, { decorative = true } = {}) =>
  html`<product-picture class="picture tint-${tintOf(product.sku)}" .product=${product} .decorative=${decorative}></product-picture>`;

/** The same colour for the same sku, everywhere. */
export function tintOf(sku) {
  let sum = 0;
  for (const letter of sku) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return (sum % TINTS) + 1;
}

class ProductPicture extends View {
  #product = null;
  decorative = true;
  /** "waiting", "sprite", "image" or "tile" */
  source = "waiting";

  /** The same element may be asked to show another product. */
  set product(product) {
    this.#product = product;
    if (this.isConnected) this.arrive();
  }

  async arrive() {
    const product = this.#product;
    const known = await loaded();
    if (product !== this.#product) return;
    if (known.has(product.sku)) this.update({ source: "sprite" });
    else this.update({ source: isOurs(product.image) ? "image" : "tile" });
  }

  view() {
    const name = this.decorative ? "" : this.#product.name;
    if (this.source === "sprite") return drawing(fromSprite(this.#product.sku), name);
    if (this.source === "image") {
      return html`<img src=${this.#product.image} alt=${name} width="400" height="400" loading="lazy" @error=${() => this.update({ source: "tile" })}>`;
    }
    return this.source === "tile" ? drawing(WHEEL, name) : null;
  }
}

const drawing = (what, name) =>
  name
    ? html`<svg viewBox="0 0 240 240" preserveAspectRatio="xMidYMid slice" role="img" aria-label=${name}>${what}</svg>`
    : html`<svg viewBox="0 0 240 240" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">${what}</svg>`;

const fromSprite = (sku) => svg`<use href="#${sku}"></use>`;

const WHEEL = svg`
  <g class="picture__wheel">
    <circle cx="120" cy="120" r="70"></circle>
    <path d="M120 50v140M50 120h140M70.5 70.5l99 99M169.5 70.5l-99 99"></path>
  </g>`;

/** A path below the shop: the page loads nothing from another origin. */
const isOurs = (image) => Boolean(image) && !/^(https?:)?\/\//.test(image);

function loaded() {
  sprite ??= fetchSprite().catch((error) => {
    console.warn("The pictures could not be loaded.", error);
    return new Set();
  });
  return sprite;
}

async function fetchSprite() {
  const answer = await fetch(SPRITE);
  if (!answer.ok) throw new Error(`${SPRITE}: ${answer.status}`);
  const drawn = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  const place = document.importNode(drawn, true);
  place.classList.add("sprite");
  place.setAttribute("aria-hidden", "true");
  document.body.append(place);
  return new Set(Array.from(place.querySelectorAll("symbol"), (symbol) => symbol.id));
}

customElements.define("product-picture", ProductPicture);
