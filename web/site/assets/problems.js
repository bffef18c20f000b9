/** Tells what went wrong in the shop's words, always with what to do next. */
import { html } from "./vendor/lit-html.js";
import { Problem, SignInNeeded, Unreachable } from "./api.js";
import { CognitoError } from "./cognito.js";
import { go, here, signInHref } from "./router.js";

/** One or two sentences. @param {Error} error */
export function inWords(error) {
  if (error instanceof SignInNeeded) return "You are not signed in any more. Sign in and go on from here.";
  if (error instanceof Unreachable) return "The shop does not answer at the moment. Check your connection, or try again in a little while.";
  if (error instanceof CognitoError && error.isTemporary) return "Signing in does not work at the moment. Try again in a little while.";
  if (error instanceof Problem) return problemInWords(error);
  return "Something went wrong on this page. Load it again.";
}

function problemInWords(problem) {
  if (problem.status === 429) return "There is a crowd in the shop. Try again in a moment.";
  if (problem.status >= 500) return "Something failed in the shop; it was nothing you did. Try again in a moment.";
  if (problem.status === 403) return "Only the shop's operators may do this. Sign in as one of them.";
  return problem.message;
}

/** Goes to the sign-in page if that is what it takes, and comes back here after it. @returns {boolean} whether it did */
export function signInIfNeeded(error) {
  if (!(error instanceof SignInNeeded)) return false;
  go(signInHref(here()).slice(1), { replace: true });
  return true;
}

/** A box with the problem and a button that tries again. @param {Error} error @param {() => void} [again] */
export const problemBox = (error, again) => html`
  <div class="note note--bad" role="alert">
    <p>${inWords(error)}</p>
    ${again ? html`<button class="button button--quiet" @click=${again}>Try again</button>` : null}
  </div>`;
