/** What is on the shelves, what runs low, and more of it. */
import { html, nothing } from "../vendor/lit-html.js";
import { announce } from "../announce.js";
import { get } from "../api.js";
import { counted, money, number } from "../format.js";
import { picture } from "../pictures.js";
import { inWords, signInIfNeeded } from "../problems.js";
import { CornerPage, waitingView } from "./corner.js";
import { restock } from "./restocking.js";

const EVERY = 10_000; // milliseconds
const PAGE = 100;
const LOW = 20; // units
const MOST = 1_000_000; // as api/openapi.yaml has it

/** @type {Record<string, [string, (a: any, b: any) => number]>} */
const ORDERS = {
  fewest: ["Fewest first", (a, b) => a.available - b.available || a.name.localeCompare(b.name)],
  most: ["Most first", (a, b) => b.available - a.available || a.name.localeCompare(b.name)],
  name: ["Name", (a, b) => a.name.localeCompare(b.name)],
  price: ["Price, highest first", (a, b) => b.price.amount - a.price.amount],
};

class OperatorsStock extends CornerPage {
  heading = "Stock";
  purpose = "What can be sold right now, without what is set aside for orders.";
  /** @type {Map<string, any> | null} */
  products = null;
  /** The skus in the order they are shown: rows must not jump away while somebody types into one. @type {string[]} */
  rows = [];
  sorting = "fewest";
  sought = "";
  /** What is typed, under way and came of it, by sku. */
  wanted = {};
  busy = new Set();
  outcomes = {};

  async ask() {
    const found = [];
    let cursor = "";
    do {
      const page = await get(`/products?limit=${PAGE}${cursor}`, { signal: this.leaving });
      found.push(...page.products);
      cursor = page.next_cursor ? `&cursor=${encodeURIComponent(page.next_cursor)}` : "";
    } while (cursor);
    this.take(found);
    return EVERY;
  }

  take(found) {
    const first = this.products === null;
    const known = this.products ?? new Map();
    // An answer from before a restock may arrive after it.
    const newest = (product) => (known.get(product.sku)?.version > product.version ? known.get(product.sku) : product);
    this.products = new Map(found.map((product) => [product.sku, newest(product)]));
    const kept = this.rows.filter((sku) => this.products.has(sku));
    this.rows = [...kept, ...found.map((product) => product.sku).filter((sku) => !kept.includes(sku))];
    if (first) this.sort(this.sorting);
    this.update({ trouble: null });
  }

  sort(sorting) {
    const [, compared] = ORDERS[sorting];
    const rows = this.rows.toSorted((a, b) => compared(this.products.get(a), this.products.get(b)));
    this.update({ sorting, rows });
  }

  content() {
    if (!this.products) return this.trouble ? nothing : waitingView;
    const all = this.rows.map((sku) => this.products.get(sku));
    const shown = all.filter((product) => matches(product, this.sought));
    return html`
      ${summaryView(all)}
      <div class="stock-tools">
        <div class="field">
          <label for="sought">Find a product</label>
          <input id="sought" type="search" autocomplete="off" .value=${this.sought} @input=${(event) => this.update({ sought: event.target.value })}>
        </div>
        <div class="field">
          <label for="sorting">Sort by</label>
          <select id="sorting" @change=${(event) => this.sort(event.target.value)}>
            ${Object.entries(ORDERS).map(([key, [name]]) => html`<option value=${key} ?selected=${key === this.sorting}>${name}</option>`)}
          </select>
        </div>
      </div>
      ${shown.length
        ? html`<ul class="stock" role="list" aria-label="Products">${shown.map((product) => this.rowView(product))}</ul>`
        : html`<p class="note">Nothing is called that. <button class="link-button" @click=${() => this.update({ sought: "" })}>Show all</button></p>`}`;
  }

  rowView(product) {
    const { sku, name, available } = product;
    const outcome = this.outcomes[sku];
    const id = `restock-${sku}`;
    return html`
      <li class="stock__row">
        ${picture(product)}
        <div class="stock__what">
          <a class="stock__name" href="#/products/${encodeURIComponent(sku)}">${name}</a>
          <span class="soft small">${sku} · ${money(product.price)}</span>
        </div>
        <p class="stock__left"><span class="stock__count">${number(available)}</span> <span class="soft small">left</span> ${levelView(available)}</p>
        <form class="stock__form" novalidate @submit=${(event) => this.submitted(event, product)}>
          <label class="visually-hidden" for=${id}>Units to add: ${name}</label>
          <input id=${id} type="number" inputmode="numeric" min="1" max=${MOST} step="1" placeholder="Units" .value=${this.wanted[sku] ?? ""}
            aria-invalid=${outcome?.bad ? "true" : "false"} aria-describedby=${outcome ? `${id}-outcome` : nothing}
            @input=${(event) => (this.wanted[sku] = event.target.value)}>
          <button class="button button--quiet" ?disabled=${this.busy.has(sku)} aria-label="Restock ${name}">Restock</button>
        </form>
        ${outcome ? html`<p class="stock__outcome ${outcome.bad ? "field__error" : "stock__outcome--good"}" id="${id}-outcome">${outcome.text}</p>` : nothing}
      </li>`;
  }

  submitted(event, product) {
    event.preventDefault();
    if (this.busy.has(product.sku)) return;
    const quantity = Number(this.wanted[product.sku]);
    if (Number.isInteger(quantity) && quantity >= 1 && quantity <= MOST) this.restock(product, quantity);
    else this.came(product.sku, { bad: true, text: `Enter how many units, from 1 to ${number(MOST)}.` });
  }

  async restock({ sku, name }, quantity) {
    this.busy.add(sku);
    this.update();
    try {
      const product = await restock(sku, quantity);
      this.products.set(sku, product);
      this.wanted[sku] = "";
      this.came(sku, { bad: false, text: `${counted(quantity, "unit")} more. Now there are ${number(product.available)}.` }, name);
    } catch (error) {
      if (!signInIfNeeded(error)) this.came(sku, { bad: true, text: failure(error) }, name);
    } finally {
      this.busy.delete(sku);
      this.update();
    }
  }

  came(sku, outcome, name = "") {
    this.outcomes = { ...this.outcomes, [sku]: outcome };
    this.update();
    announce(name ? `${name}: ${outcome.text}` : outcome.text);
  }
}

/** Whether it arrived is not known then, and need not be. */
const failure = (error) => (error.isTemporary ? `${inWords(error)} Pressing Restock again adds the units once, not twice.` : inWords(error));

const matches = ({ sku, name }, sought) => `${sku} ${name}`.toLowerCase().includes(sought.trim().toLowerCase());

function summaryView(products) {
  const low = products.filter(({ available }) => available > 0 && available <= LOW).length;
  const out = products.filter(({ available }) => !available).length;
  return html`
    <p class="row">
      <span class="badge">${counted(products.length, "product")}</span>
      <span class="badge ${out ? "badge--bad" : "badge--good"}">${out ? `${number(out)} sold out` : "None sold out"}</span>
      <span class="badge ${low ? "badge--warm" : "badge--good"}">${low ? `${number(low)} running low` : "None running low"}</span>
    </p>`;
}

function levelView(available) {
  if (!available) return html`<span class="badge badge--bad">Sold out</span>`;
  return available <= LOW ? html`<span class="badge badge--warm">Low</span>` : nothing;
}

customElements.define("operators-stock", OperatorsStock);
