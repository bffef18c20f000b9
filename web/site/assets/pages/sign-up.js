/** Opening an account; the address is confirmed with a code on the next page. */
import { html } from "../vendor/lit-html.js";
import { AccountPage, EMAIL, NEW_PASSWORD } from "../account/account-page.js";
import { rememberPassword } from "../account/after-sign-up.js";
import { signUp } from "../cognito.js";
import { go } from "../router.js";

class SignUpPage extends AccountPage {
  get fields() {
    return [EMAIL, NEW_PASSWORD];
  }

  async send({ email, password }) {
    const answer = await signUp(email, password);
    rememberPassword(email, password);
    go(this.href(answer.UserConfirmed ? "/sign-in" : "/confirm", { email }).slice(1), { replace: true });
  }

  view() {
    return html`
      <div class="sheet sheet--narrow">
        <h1>Open an account</h1>
        <p class="soft">So that you can find your orders again, and nobody else can.</p>
        ${this.form("Open the account", "Opening …")}
        <p class="sheet__links"><a class="target" href=${this.href("/sign-in")}>I have one already</a></p>
      </div>`;
  }
}

customElements.define("sign-up-page", SignUpPage);
