/** Style sheets that only some pages need, each loaded once, before the first of these pages shows. */

/** @type {Map<string, Promise<unknown>>} */
const sheets = new Map();

/** @param {URL} address */
export function dressed(address) {
  if (!sheets.has(address.href)) sheets.set(address.href, added(address));
  return sheets.get(address.href);
}

function added(address) {
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address.href;
    link.onload = resolve;
    link.onerror = resolve; // a plain page is better than none
    document.head.append(link);
  });
}
