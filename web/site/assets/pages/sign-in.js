/** Signing in, and back to where one was. */
import { html, nothing } from "../vendor/lit-html.js";
import { AccountPage, EMAIL } from "../account/account-page.js";
import { DEMONSTRATION_PASSWORD, DEMONSTRATION_PEOPLE, isDemonstration } from "../account/demonstration.js";
import { announce } from "../announce.js";
import { signIn } from "../auth.js";
import { CognitoError } from "../cognito.js";
import { go } from "../router.js";

const PASSWORD = { name: "password", label: "Password", type: "password", autocomplete: "current-password" };

class SignInPage extends AccountPage {
  people = [];

  async arrive() {
    this.update({ values: { email: this.query.get("email") ?? "" } });
    if (await isDemonstration()) this.update({ people: DEMONSTRATION_PEOPLE });
  }

  get fields() {
    return [EMAIL, PASSWORD];
  }

  async send({ email, password }) {
    try {
      await signIn(email, password);
    } catch (error) {
      if (!(error instanceof CognitoError) || error.name !== "UserNotConfirmedException") throw error;
      return go(this.href("/confirm", { email }).slice(1));
    }
    announce(`You are signed in as ${email}.`);
    go(this.then, { replace: true });
  }

  view() {
    return html`
      <div class="sheet sheet--narrow">
        <h1>Sign in</h1>
        ${this.then === "/" ? nothing : html`<p class="soft">You come back to where you were.</p>`}
        ${this.form("Sign in", "Signing in …")}
        <p class="row row--apart sheet__links">
          <a class="target" href=${this.href("/sign-up")}>Open an account</a>
          <a class="target" href=${this.href("/new-password")}>Forgot the password?</a>
        </p>
      </div>
      ${this.people.length ? this.demonstration() : nothing}`;
  }

  demonstration() {
    return html`
      <section class="sheet sheet--narrow" aria-labelledby="people-title">
        <h2 id="people-title">Just looking?</h2>
        <p>This shop runs on your own machine, and these people are in it already. Their password is <code>${DEMONSTRATION_PASSWORD}</code>.</p>
        ${this.people.map(({ email, label }) => html`
          <p class="row row--apart">
            <code>${email}</code>
            <button class="button button--quiet" @click=${() => this.attempt(() => this.send({ email, password: DEMONSTRATION_PASSWORD }))}>${label}</button>
          </p>`)}
      </section>`;
  }
}

customElements.define("sign-in-page", SignInPage);
