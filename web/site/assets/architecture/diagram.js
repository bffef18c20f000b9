/** The picture in the page: loads it, lights it, and leads through it by keyboard. */

const SVG = "http://www.w3.org/2000/svg";
const COMET = 620; // milliseconds
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The picture and what is known about it. @returns {Promise<{svg: SVGElement, graph: any}>} */
export async function loaded(signal) {
  const [picture, graph] = await Promise.all([asked("architecture.svg", signal), asked("graph.json", signal)]);
  const parsed = new DOMParser().parseFromString(await picture.text(), "image/svg+xml");
  return { svg: document.importNode(parsed.documentElement, true), graph: await graph.json() };
}

async function asked(name, signal) {
  const answer = await fetch(new URL(name, import.meta.url), { signal });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

export class Diagram {
  #nodes = new Map();
  #lines = new Map();

  /** @param {SVGElement} svg @param {any} graph @param {(id: string) => void} opens called with the node that somebody opens */
  constructor(svg, graph, opens) {
    this.svg = svg;
    for (const node of svg.querySelectorAll("[data-node]")) this.#prepare(node, graph, opens);
    for (const line of svg.querySelectorAll("[data-edge]")) this.#lines.set(line.dataset.edge, line);
    this.#nodes.get("Order/Place").tabIndex = 0;
    svg.addEventListener("keydown", (event) => this.#key(event, opens));
    for (const type of ["pointerover", "focusin"]) svg.addEventListener(type, (event) => this.#look(event, graph));
    for (const type of ["pointerleave", "focusout"]) svg.addEventListener(type, () => this.#lookAway());
  }

  /** Shows what the node under the pointer, or with the focus, is connected to. */
  #look(event, graph) {
    const id = event.target.closest("[data-node]")?.dataset.node;
    if (!id) return this.#lookAway();
    const lines = Object.entries(graph.lines).filter(([, ends]) => ends.includes(id));
    const ends = new Set([id, ...lines.flatMap(([, ends]) => ends)]);
    const near = new Set(lines.map(([line]) => line));
    this.svg.classList.toggle("looking", lines.length > 0);
    for (const [line, element] of this.#lines) element.classList.toggle("near", near.has(line));
    for (const [node, element] of this.#nodes) element.classList.toggle("near", ends.has(node));
  }

  #lookAway() {
    this.svg.classList.remove("looking");
  }

  #prepare(node, graph, opens) {
    const id = node.dataset.node;
    this.#nodes.set(id, node);
    node.setAttribute("role", "button");
    node.tabIndex = -1;
    const title = document.createElementNS(SVG, "title");
    title.textContent = graph.nodes[id].text;
    node.prepend(title);
    node.addEventListener("click", () => {
      this.#rove(node);
      opens(id);
    });
  }

  #key(event, opens) {
    const node = event.target.closest("[data-node]");
    if (!node) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      opens(node.dataset.node);
    } else if (KEYS[event.key]) {
      event.preventDefault();
      const next = this.#nearest(node, KEYS[event.key]);
      if (next) this.#rove(next);
    }
  }

  /** One node can be reached by Tab; the arrows lead to the others. */
  #rove(node) {
    for (const other of this.#nodes.values()) other.tabIndex = -1;
    node.tabIndex = 0;
    node.focus({ preventScroll: false });
  }

  #nearest(node, [x, y]) {
    const from = middle(node);
    let best = null;
    let shortest = Infinity;
    for (const other of this.#nodes.values()) {
      const to = middle(other);
      const ahead = (to.x - from.x) * x + (to.y - from.y) * y;
      const aside = Math.abs((to.x - from.x) * y) + Math.abs((to.y - from.y) * x);
      if (other === node || ahead < 4) continue;
      const distance = ahead + 3 * aside;
      if (distance < shortest) [best, shortest] = [other, distance];
    }
    return best;
  }

  /** Lights what the steps have reached, the last of them brightest. @param {import("./steps.js").Step[]} steps @param {{moving: boolean}} how */
  light(steps, { moving }) {
    const now = steps.at(-1)?.hops ?? [];
    const past = steps.slice(0, -1).flatMap((step) => step.hops);
    this.svg.classList.toggle("playing", steps.length > 0);
    this.#mark("lit", [...past, ...now]);
    this.#mark("now", now);
    for (const comet of this.svg.querySelectorAll(".comet")) comet.remove();
    if (moving) for (const hop of now) this.#fly(hop);
  }

  #mark(name, hops) {
    const lines = new Set(hops.map((hop) => hop.line));
    const nodes = new Set(hops.flatMap((hop) => [hop.from, hop.to, hop.rule]));
    for (const [id, line] of this.#lines) line.classList.toggle(name, lines.has(id));
    for (const [id, node] of this.#nodes) node.classList.toggle(name, nodes.has(id));
  }

  #fly(hop) {
    const line = this.#lines.get(hop.line)?.querySelector(".line");
    if (!line) return;
    const comet = line.cloneNode();
    comet.setAttribute("class", "comet");
    comet.setAttribute("pathLength", "1");
    line.parentNode.append(comet);
    comet.animate({ strokeDashoffset: [0.2, -1] }, { duration: COMET, easing: "ease-in-out" }).finished.then(
      () => comet.remove(),
      () => comet.remove(),
    );
  }

  /** Where the last step happens, for those who see only a part. @returns {Element | null} */
  get bright() {
    return this.svg.querySelector(".node.now");
  }
}

function middle(node) {
  const { x, y, width, height } = node.getBBox();
  return { x: x + width / 2, y: y + height / 2 };
}
