/** The code that shows that an e-mail address is one's own. */
import { html, nothing } from "../vendor/lit-html.js";
import { AccountPage, CODE, EMAIL } from "../account/account-page.js";
import { forgetPassword, passwordOf } from "../account/after-sign-up.js";
import { DEMONSTRATION_CODE, isDemonstration } from "../account/demonstration.js";
import { announce } from "../announce.js";
import { signIn } from "../auth.js";
import { CognitoError, confirmSignUp, resendCode } from "../cognito.js";
import { go } from "../router.js";

class ConfirmPage extends AccountPage {
  sent = false;
  demonstration = false;

  async arrive() {
    this.update({ values: { email: this.query.get("email") ?? "" } });
    this.update({ demonstration: await isDemonstration() });
  }

  get fields() {
    return [EMAIL, CODE];
  }

  async send({ email, code }) {
    try {
      await confirmSignUp(email, code);
    } catch (error) {
      // Confirmed before, in another tab or by a second click.
      if (!(error instanceof CognitoError) || !/current status is confirmed/i.test(error.message)) throw error;
    }
    await this.goOn(email);
  }

  async goOn(email) {
    const password = passwordOf(email);
    if (!password) return go(this.href("/sign-in", { email }).slice(1), { replace: true });
    await signIn(email, password);
    forgetPassword();
    announce("Your address is confirmed, and you are signed in.");
    go(this.then, { replace: true });
  }

  async sendAgain() {
    const email = this.querySelector("[name=email]").value.trim();
    await this.attempt(async () => {
      await resendCode(email);
      this.update({ sent: true, values: { email } });
      announce("Another code is on its way.");
    });
  }

  view() {
    return html`
      <div class="sheet sheet--narrow">
        <h1>Confirm your address</h1>
        <p>A mail with a code is on its way to you. It may take a minute.</p>
        ${this.demonstration ? html`<div class="note"><p>No mail leaves your own machine: here the code is <code>${DEMONSTRATION_CODE}</code>.</p></div>` : nothing}
        ${this.form("Confirm", "Confirming …")}
        <p class="sheet__links">
          <button class="link-button" @click=${() => this.sendAgain()}>Send another code</button>
          ${this.sent ? html`<span class="soft">It is on its way.</span>` : nothing}
        </p>
      </div>`;
  }
}

customElements.define("confirm-page", ConfirmPage);
