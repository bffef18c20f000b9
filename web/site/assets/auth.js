/** Who is signed in, in every tab of this browser, and the token that says so. */
import { CognitoError, initiateAuth } from "./cognito.js";

const SESSION_KEPT = "cartwheel.session";
const RENEW_BEFORE = 60_000; // milliseconds before the token's end

/** @typedef {{id: string, refresh: string, email: string, groups: string[], expires: number}} Session */

let renewing = null;

/** The session as it is stored; null for a visitor. @returns {Session | null} */
export function session() {
  try {
    return JSON.parse(localStorage.getItem(SESSION_KEPT));
  } catch {
    return null;
  }
}

export function isOperator() {
  return session()?.groups.includes("operators") ?? false;
}

/** Raises CognitoError. @param {string} email @param {string} password */
export async function signIn(email, password) {
  const answer = await initiateAuth("USER_PASSWORD_AUTH", { USERNAME: email, PASSWORD: password });
  if (!answer.AuthenticationResult) throw new CognitoError("ChallengeUnknown", answer.ChallengeName);
  keep(answer.AuthenticationResult, answer.AuthenticationResult.RefreshToken);
}

export function forgetSession() {
  if (!localStorage.getItem(SESSION_KEPT)) return;
  localStorage.removeItem(SESSION_KEPT);
  told();
}

/** A token that is good for a while; null for a visitor, or once the session cannot be renewed.
 * @param {{renew?: boolean}} [how] `renew`: not the one that is kept */
export async function idToken({ renew = false } = {}) {
  const now = session();
  if (!now) return null;
  if (!renew && now.expires - Date.now() > RENEW_BEFORE) return now.id;
  renewing ??= renewed(now).finally(() => (renewing = null));
  return renewing;
}

/** Calls the listener when somebody signs in or out, in this tab or another. */
export function onSession(listener, signal) {
  document.addEventListener("shop:session", listener, { signal });
  addEventListener("storage", (event) => (event.key === SESSION_KEPT || event.key === null) && listener(), { signal });
}

async function renewed(before) {
  try {
    const answer = await initiateAuth("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: before.refresh });
    return keep(answer.AuthenticationResult, before.refresh).id;
  } catch (error) {
    if (!(error instanceof CognitoError) || error.isTemporary) throw error;
    forgetSession();
    return null;
  }
}

function keep(result, refresh) {
  const claims = claimsOf(result.IdToken);
  const kept = {
    id: result.IdToken,
    refresh,
    email: claims.email ?? "",
    groups: claims["cognito:groups"] ?? [],
    // By this machine's clock, which may differ from the pool's.
    expires: Date.now() + result.ExpiresIn * 1000,
  };
  localStorage.setItem(SESSION_KEPT, JSON.stringify(kept));
  told();
  return kept;
}

function told() {
  document.dispatchEvent(new CustomEvent("shop:session"));
}

/** The middle part of a JSON Web Token (RFC 7519). The API checks the signature; here it only says what to show. */
function claimsOf(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
}
