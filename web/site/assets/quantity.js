/** How many: a number with a button on either side. */
import { html } from "./vendor/lit-html.js";
import { MOST_OF_ONE } from "./cart.js";

/** @param {string} name the product's @param {number} quantity @param {(quantity: number) => void} set */
export const quantityView = (name, quantity, set, least = 1) => html`
  <span class="stepper" role="group" aria-label="How many of ${name}">
    <button type="button" aria-label="One less of ${name}" ?disabled=${quantity <= least} @click=${() => set(quantity - 1)}>−</button>
    <input type="number" min=${least} max=${MOST_OF_ONE} inputmode="numeric" aria-label="Quantity of ${name}" .value=${String(quantity)}
      @change=${(event) => set(within(event.target, least))}>
    <button type="button" aria-label="One more of ${name}" ?disabled=${quantity >= MOST_OF_ONE} @click=${() => set(quantity + 1)}>+</button>
  </span>`;

function within(input, least) {
  const wanted = Math.min(Math.max(Math.round(Number(input.value)) || least, least), MOST_OF_ONE);
  input.value = String(wanted);
  return wanted;
}
