/** Tells what went wrong in the shop's words, always with what to do next. */
import { html } from "./vendor/lit-html.js";
import { Problem, SignInNeeded, Unreachable } from "./api.js";
import { CognitoError } from "./cognito.js";
import { go, here, signInHref } from "./router.js";
import { View } from "./view.js";

const TRY_AGAIN = 5000; // milliseconds

/** One or two sentences. @param {Error} error */
export function inWords(error) {
  if (error instanceof SignInNeeded) return "You are no longer signed in. Sign in and go on from here.";
  if (error instanceof Unreachable) return "The shop does not answer at the moment. Check your connection, or try again in a little while.";
  if (error instanceof CognitoError && error.isTemporary) return "Signing in does not work at the moment. Try again in a little while.";
  if (error instanceof Problem) return problemInWords(error);
  return "Something went wrong on this page. Load it again.";
}

function problemInWords(problem) {
  if (problem.status === 429) return "There is a crowd in the shop. Try again in a moment.";
  if (problem.status >= 500) return "Something failed in the shop. It was nothing you did. Try again in a moment.";
  if (problem.status === 403) return "Only the shop's operators may do this. Sign in as one of them.";
  return problem.message;
}

/** Goes to the sign-in page if that is what it takes, and comes back here after it. @returns {boolean} whether it did */
export function signInIfNeeded(error) {
  if (!(error instanceof SignInNeeded)) return false;
  go(signInHref(here()).slice(1), { replace: true });
  return true;
}

/** A box with the problem and a button that tries again. What may pass by itself is tried again by itself.
 * @param {Error} error @param {() => void} again */
export const problemBox = (error, again) => html`<problem-box .again=${again} .error=${error}></problem-box>`;

class ProblemBox extends View {
  #error = null;
  #timer = 0;
  again = () => {};

  /** Each failure anew, so that there is a next try after it. */
  set error(error) {
    this.#error = error;
    clearTimeout(this.#timer);
    if (error.isTemporary) this.#timer = setTimeout(() => this.isConnected && this.again(), TRY_AGAIN);
    this.update();
  }

  arrive() {
    this.listen(window, "online", () => this.again());
  }

  view() {
    return html`
      <div class="note note--bad" role="alert">
        <p>${inWords(this.#error)}${this.#error.isTemporary ? " This page tries by itself every few seconds." : ""}</p>
        <button class="button button--quiet" @click=${() => this.again()}>Try again</button>
      </div>`;
  }
}

customElements.define("problem-box", ProblemBox);
