/** The shop's API, as api/openapi.yaml describes it: tokens, problems, entity tags. */
import { forgetSession, idToken } from "./auth.js";

const BASE = "/v1"; // on the page's own origin
const PATIENCE = 20_000; // milliseconds; API Gateway gives up after 29 s

/** An answer that says no (RFC 9457). */
export class Problem extends Error {
  constructor(status, document, retryAfter) {
    super(document.detail ?? `The shop answered ${status}.`);
    this.status = status;
    /** The kind of problem, such as "price-changed". */
    this.kind = (document.type ?? "").replace("urn:cartwheel:problem:", "");
    /** @type {{pointer: string, detail: string}[]} */
    this.errors = document.errors ?? [];
    this.quote = document.quote ?? null;
    /** In how many seconds to ask again, where the answer says so. */
    this.retryAfter = retryAfter;
  }

  get isTemporary() {
    return this.status === 429 || this.status >= 500;
  }
}

/** No answer at all: the network or the shop is down. */
export class Unreachable extends Error {
  get isTemporary() {
    return true;
  }
}

/** The session is over and could not be renewed. */
export class SignInNeeded extends Error {}

/** @type {Map<string, {tag: string, body: any}>} */
const known = new Map();

/**
 * The document at `path`. Where the shop has sent an entity tag before, it is asked only for news.
 * @param {string} path such as "/orders/ord_1"
 * @param {{signedIn?: boolean, signal?: AbortSignal}} [how] `signedIn`: with the customer's token
 * @returns {Promise<any>} the very same object while nothing has changed
 */
export async function get(path, { signedIn = false, signal } = {}) {
  const before = known.get(path);
  const headers = before ? { "If-None-Match": before.tag } : {};
  const answer = await send("GET", path, { headers, signedIn, signal });
  if (answer.status === 304 && before) return before.body;
  const body = await answer.json();
  remember(path, answer.headers.get("ETag"), body);
  return body;
}

/** @param {string} path @param {object} [body] @param {Record<string, string>} [headers] @returns {Promise<any>} null where the answer is empty */
export const post = (path, body, headers) => change("POST", path, body, headers);
export const put = (path, body, headers) => change("PUT", path, body, headers);
export const remove = (path) => change("DELETE", path);

async function change(method, path, body, headers = {}) {
  const content = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await send(method, path, {
    headers: { ...content, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signedIn: true,
  });
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

function remember(path, tag, body) {
  if (tag) known.set(path, { tag, body });
  else known.delete(path);
}

/** What was known belonged to whoever was signed in. */
export function forgetAnswers() {
  known.clear();
}

async function send(method, path, { headers, body, signedIn, signal }) {
  const answer = await once(method, path, { headers, body, signedIn, signal });
  if (answer.status !== 401 || !signedIn) return accepted(answer);
  // The token was refused although it looked fresh: a clock that is wrong, or a session that was ended elsewhere.
  const again = await once(method, path, { headers, body, signedIn, signal, renew: true });
  if (again.status !== 401) return accepted(again);
  forgetSession();
  throw new SignInNeeded();
}

async function once(method, path, { headers, body, signedIn, signal, renew = false }) {
  const token = signedIn ? await tokenOrSignIn(renew) : null;
  const authorization = token ? { Authorization: token } : {};
  const patience = AbortSignal.timeout(PATIENCE);
  try {
    return await fetch(BASE + path, {
      method,
      body,
      headers: { ...headers, ...authorization },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      credentials: "omit",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("The shop does not answer.", { cause: error });
  }
}

async function tokenOrSignIn(renew) {
  const token = await idToken({ renew });
  if (!token) throw new SignInNeeded();
  return token;
}

async function accepted(answer) {
  if (answer.ok || answer.status === 304) return answer;
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  throw new Problem(answer.status, await problemDocument(answer), retryAfter);
}

async function problemDocument(answer) {
  try {
    return await answer.json();
  } catch {
    return {}; // a proxy's own page
  }
}
