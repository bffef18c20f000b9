/** The people whom `make run` puts into a shop on this machine, so that anyone can look around at once. */
import { html } from "../vendor/lit-html.js";
import { config } from "../config.js";

// As deployed/users.py sets it, and only in a shop that runs on the visitor's own machine; a test holds them together.
export const DEMONSTRATION_PASSWORD = "Cartwheel-1";
export const DEMONSTRATION_PEOPLE = [
  { email: "customer-1@example.com", label: "Sign in as a customer" },
  { email: "operator-1@example.com", label: "Sign in as an operator" },
];
/** Whether the shop runs on the visitor's own machine. */
export async function isDemonstration() {
  try {
    return (await config()).environment === "local";
  } catch {
    return false;
  }
}

/** Where a mail of a shop on this machine is to be read. */
export const mailHint = html`<div class="note"><p>No mail leaves your own machine. Read it in a terminal: <code>./shop mail</code></p></div>`;
