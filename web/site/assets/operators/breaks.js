/** What is broken on purpose, shared by everything that shows it. */
import { get, Problem, put, remove } from "../api.js";

/** @typedef {{name: string, title: string, explains: string, broken: boolean, switch: boolean}} Break */

/** The last answer; null before the first. `off`: nothing can be broken in this shop. @type {{off: boolean, breaks: Break[]} | null} */
let known = null;

export const breaks = () => known;

/** Raises Problem, Unreachable, SignInNeeded. @param {AbortSignal} signal */
export async function askBreaks(signal) {
  try {
    const answer = await get("/operations/breaks", { signedIn: true, signal });
    tell({ off: false, breaks: answer.breaks });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    tell({ off: true, breaks: [] });
  }
}

export const breakIt = (name) => put(`/operations/breaks/${encodeURIComponent(name)}`);
export const heal = (name) => remove(`/operations/breaks/${encodeURIComponent(name)}`);

/** Calls the listener after each answer. */
export function onBreaks(listener, signal) {
  document.addEventListener("shop:breaks", listener, { signal });
}

function tell(now) {
  known = now;
  document.dispatchEvent(new CustomEvent("shop:breaks"));
}
