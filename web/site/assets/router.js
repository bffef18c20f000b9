/** Shows the page that the part of the address behind the # names. */
import { html, render } from "./vendor/lit-html.js";

/** @typedef {{path: string, tag: string, title: string, load: () => Promise<unknown>}} Route */

const LOADING_SHOWN_AFTER = 150; // milliseconds: what loads faster should not flash

/** @type {Route[]} */
let allRoutes = [];
let shown = "";
let visits = 0;
/** How far each entry of the history was scrolled when it was left. @type {Map<number, number>} */
const scrolled = new Map();
let entry = 0;

/** @param {Route[]} routes every page that there is */
export function startRouter(routes) {
  allRoutes = routes;
  history.scrollRestoration = "manual"; // the browser would scroll before the page is there
  addEventListener("hashchange", () => show());
  document.querySelector(".skip-link").addEventListener("click", skipToMain);
  return show();
}

/** Where one is: "/orders?page=2" at "#/orders?page=2". */
export function here() {
  return location.hash.startsWith("#/") ? location.hash.slice(1) : "/";
}

/** @param {string} path @param {{replace?: boolean}} [how] `replace`: the way back does not lead here again */
export function go(path, { replace = false } = {}) {
  if (replace) location.replace(`#${path}`);
  else location.hash = path;
}

/** The address of the sign-in page that leads back to where one is. */
export function signInHref(back = here()) {
  return `#/sign-in?then=${encodeURIComponent(back)}`;
}

/** Which route a path takes, and the variable parts of it; null where there is none.
 * @param {string} path @param {Route[]} routes */
function match(path, routes) {
  const steps = path.split("/");
  for (const route of routes) {
    const params = paramsOf(route.path.split("/"), steps);
    if (params) return { route, params };
  }
  return null;
}

function paramsOf(pattern, steps) {
  if (pattern.length !== steps.length) return null;
  const params = {};
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith(":") && steps[at]) params[part.slice(1)] = decoded(steps[at]);
    else if (part !== steps[at]) return null;
  }
  return params;
}

function decoded(step) {
  try {
    return decodeURIComponent(step);
  } catch {
    return step; // a stray % names nothing that exists
  }
}

async function show() {
  const address = here();
  if (address === shown) return;
  const first = shown === "";
  shown = address;
  const visit = ++visits;
  scrolled.set(entry, scrollY);
  const scroll = scrollOfEntry(visit);
  const [path, search = ""] = address.split("?");
  const main = document.getElementById("main");
  const waiting = setTimeout(() => visit === visits && main.replaceChildren(drawn(loadingView())), LOADING_SHOWN_AFTER);
  try {
    const page = await pageFor(path, search);
    if (visit === visits) enter(main, page, first, scroll);
  } catch (error) {
    console.warn(error);
    if (visit === visits) main.replaceChildren(drawn(unloadableView()));
  } finally {
    clearTimeout(waiting);
  }
}

async function pageFor(path, search) {
  const found = match(path, allRoutes) ?? match("/not-found", allRoutes);
  await found.route.load();
  const page = document.createElement(found.route.tag);
  page.params = found.params;
  page.query = new URLSearchParams(search);
  document.title = found.route.title ? `${found.route.title} · Cartwheel` : "Cartwheel";
  return page;
}

/** Where the page was when one was here before; its top on the first visit. Only entries that one comes back to have a state. */
function scrollOfEntry(visit) {
  const before = history.state?.entry;
  entry = before ?? visit;
  if (before === undefined) history.replaceState({ entry }, "");
  return scrolled.get(entry) ?? 0;
}

function enter(main, page, first, scroll) {
  main.replaceChildren(page);
  document.dispatchEvent(new CustomEvent("shop:page"));
  if (first) return;
  scrollTo(0, scroll);
  focusHeading(main);
}

/** Moves the focus to the page's heading, so that a screen reader reads what is new and Tab goes on from there. */
function focusHeading(main) {
  const heading = main.querySelector("h1") ?? main;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function drawn(view) {
  const box = document.createElement("div");
  render(view, box);
  return box;
}

function skipToMain(event) {
  event.preventDefault(); // the part behind the # is the page's address
  focusHeading(document.getElementById("main"));
}

const loadingView = () => html`<p class="loading" role="status">One moment …</p>`;

const unloadableView = () => html`
  <div class="sheet sheet--narrow">
    <h1>This page could not be loaded</h1>
    <p>The connection may be down, or the shop has just been renewed.</p>
    <p><button class="button" @click=${() => location.reload()}>Load it again</button></p>
  </div>`;
