/** The operators' own style sheet, loaded before the first of their pages shows. */

let sheet = null;

export function dressed() {
  sheet ??= new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("operators.css", import.meta.url).href;
    link.onload = resolve;
    link.onerror = resolve; // a plain page is better than none
    document.head.append(link);
  });
  return sheet;
}
