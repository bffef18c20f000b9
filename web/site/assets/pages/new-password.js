/** A new password for one who has forgotten theirs: first a code by mail, then the password. */
import { html } from "../vendor/lit-html.js";
import { AccountPage, CODE, EMAIL, NEW_PASSWORD } from "../account/account-page.js";
import { announce } from "../announce.js";
import { signIn } from "../auth.js";
import { confirmNewPassword, forgotPassword } from "../cognito.js";
import { go } from "../router.js";

class NewPasswordPage extends AccountPage {
  coded = false;

  get fields() {
    return this.coded ? [EMAIL, CODE, { ...NEW_PASSWORD, label: "New password" }] : [EMAIL];
  }

  async send({ email, code, password }) {
    if (!this.coded) {
      await forgotPassword(email);
      announce("If there is such an account, a code is on its way.");
      return this.update({ coded: true, values: { email } });
    }
    await confirmNewPassword(email, code, password);
    await signIn(email, password);
    announce("The new password is set, and you are signed in.");
    go(this.then, { replace: true });
  }

  view() {
    return html`
      <div class="sheet sheet--narrow">
        <h1>Set a new password</h1>
        <p>${this.coded
          ? "If there is an account with this address, a mail with a code is on its way."
          : "A mail with a code goes to the address of your account."}</p>
        ${this.form(this.coded ? "Set the password" : "Send the code", "One moment …")}
        <p class="sheet__links"><a class="target" href=${this.href("/sign-in")}>Back to signing in</a></p>
      </div>`;
  }
}

customElements.define("new-password-page", NewPasswordPage);
