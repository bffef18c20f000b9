/** What the pages about an account share: one form, one thing to send, and an answer in words. */
import { html, nothing } from "../vendor/lit-html.js";
import { CognitoError } from "../cognito.js";
import { errorsOf, fieldView, focusFirstError, valuesOf } from "../form.js";
import { inWords } from "../problems.js";
import { Page } from "../view.js";
import { accountWords } from "./words.js";

export class AccountPage extends Page {
  values = {};
  errors = {};
  refusal = "";
  busy = false;

  /** @returns {import("../form.js").Field[]} */
  get fields() {
    return [];
  }

  /** Where to go on once it is done: only ever a page of the shop. */
  get then() {
    const asked = this.query.get("then") ?? "/";
    return asked.startsWith("/") ? asked : "/";
  }

  /** A page about the account that still leads back to where one was. */
  href(path, values = {}) {
    const query = new URLSearchParams({ ...values, ...(this.then === "/" ? {} : { then: this.then }) });
    return `#${path}${query.size ? `?${query}` : ""}`;
  }

  /** What is sent; raises CognitoError. @param {Record<string, string>} _values */
  async send(_values) {}

  form(button, busyButton) {
    return html`
      <form novalidate @submit=${(event) => this.submitted(event)}>
        ${this.refusal ? html`<div class="note note--bad" role="alert"><p>${this.refusal}</p></div>` : nothing}
        ${this.fields.map((field) => fieldView(field, this.values[field.name], this.errors[field.name]))}
        <button class="button button--wide" aria-disabled=${this.busy}>${this.busy ? busyButton : button}</button>
      </form>`;
  }

  async submitted(event) {
    event.preventDefault();
    if (this.busy) return;
    const values = valuesOf(event.target);
    const errors = errorsOf(this.fields, values);
    this.update({ values, errors, refusal: "" });
    if (Object.keys(errors).length) return focusFirstError(this);
    await this.attempt(() => this.send(values));
  }

  /** Does it, and shows what the pool says against it. */
  async attempt(what) {
    this.update({ busy: true, refusal: "" });
    try {
      await what();
    } catch (error) {
      this.update({ refusal: error instanceof CognitoError ? accountWords(error) : inWords(error) });
    } finally {
      this.update({ busy: false });
    }
  }
}

export const EMAIL = { name: "email", label: "E-mail", type: "email", autocomplete: "username", inputmode: "email", maxlength: 128 };
export const CODE = { name: "code", label: "Code from the mail", autocomplete: "one-time-code", inputmode: "numeric", maxlength: 20 };
export const NEW_PASSWORD = {
  name: "password",
  label: "Password",
  type: "password",
  autocomplete: "new-password",
  minlength: 8,
  maxlength: 256,
  hint: "At least 8 characters, with small letters, capitals, digits and a sign.",
};
