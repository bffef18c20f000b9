/** The people whom `make run` puts into a shop on this machine, so that anyone can look around at once. */
import { config } from "../config.js";

// As deployed/users.py sets it, and only in a shop that runs on the visitor's own machine; a test holds them together.
export const DEMONSTRATION_PASSWORD = "Cartwheel-1";
export const DEMONSTRATION_PEOPLE = [
  { email: "customer-1@example.com", label: "Sign in as a customer" },
  { email: "operator-1@example.com", label: "Sign in as an operator" },
];
// No mail leaves the machine: the embedded AWS takes this code for every account.
export const DEMONSTRATION_CODE = "123456";

/** Whether the shop runs on the visitor's own machine. */
export async function isDemonstration() {
  try {
    return (await config()).environment === "local";
  } catch {
    return false;
  }
}
