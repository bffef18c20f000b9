"""The picture as SVG: the whole application, or one service with what it touches."""

from collections.abc import Iterator
from html import escape

from diagram.glyphs import GLYPHS, NAMES
from diagram.graph import SHARED, Graph, Node
from diagram.layout import HEAD, NODE_HEIGHT, Box, Layout
from diagram.routing import Line

TITLES = {"KafkaService": "Kafka", "Web": "Storefront", "Api": "API", "Shared": "Kept for replays and repairs"}
LINES = {
    "request": "request",
    "task": "step of a workflow",
    "event": "event",
    "message": "message",
    "stream": "stream of changes",
    "read-write": "reads and writes",
}
_FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
# Colours in text meet 4.5:1 on what is behind them, in both themes.
_LIGHT = {
    "paper": "#f8f0e1",
    "card": "#fffaf0",
    "node": "#ffffff",
    "ink": "#2b1f18",
    "soft": "#66523f",
    "edge": "#dcc9ab",
    "sign": "#ffffff",
    "spine": "#ae3117",
    "compute": "#c2521b",
    "messages": "#a3286f",
    "data": "#2c5fa8",
    "flow": "#6b3fa0",
    "front": "#17695f",
    "request": "#17796d",
    "task": "#7a4bb3",
    "event": "#cb3b1c",
    "message": "#b23a80",
    "stream": "#3d7d2f",
    "store": "#7d8fae",
}
_DARK = {
    "paper": "#181310",
    "card": "#221b17",
    "node": "#2e2520",
    "ink": "#f5e9d6",
    "soft": "#c7b299",
    "edge": "#4d3f33",
    "sign": "#1a120d",
    "spine": "#ff9a70",
    "compute": "#f0955f",
    "messages": "#e389bb",
    "data": "#86b2ef",
    "flow": "#bd9bea",
    "front": "#65c2b4",
    "request": "#4fb3a4",
    "task": "#b18ee6",
    "event": "#ff8259",
    "message": "#e27fb4",
    "stream": "#86c272",
    "store": "#7489ad",
}
# A page's nodes are buttons, so the picture is a group of them.
_IN_A_PAGE = 'role="group" aria-labelledby="architecture-title"'
_LONG = 12  # letters that fit at the usual size
_FAMILIES = {
    "function": "compute",
    **dict.fromkeys(("queue", "topic", "bus", "rule", "schedule", "dead-letters", "archive"), "messages"),
    **dict.fromkeys(("table", "bucket", "stream", "firehose", "cluster"), "data"),
    "machine": "flow",
    **dict.fromkeys(("api", "cdn", "pool"), "front"),
}
RULES = """
.paper { fill: var(--paper); }
.service > rect { fill: var(--card); stroke: var(--edge); stroke-width: 1.5; }
.service--optional > rect { stroke-dasharray: 7 5; }
.title { font-weight: 700; font-size: 18px; fill: var(--ink); }
.label { font-size: 17px; fill: var(--ink); }
.label--long { font-size: 14px; }
.rows { fill: none; stroke: var(--tone); stroke-opacity: .18; }
.small { font-size: 15px; fill: var(--soft); }
.body { fill: var(--node); stroke: var(--tone); stroke-width: 1.5; }
.stacked { fill: none; stroke: var(--edge); stroke-width: 1.5; }
.outside .body { fill: none; stroke-opacity: .5; }
.node--optional .body { stroke-dasharray: 5 4; }
.sign { fill: var(--tone); }
.glyph { fill: none; stroke: var(--sign); stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.part { fill: var(--tone); fill-opacity: .14; }
.part + .glyph { stroke: var(--tone); }
.diamond { fill: var(--card); stroke: var(--event); stroke-width: 2; }
.spine { fill: var(--spine); }
.spine-text { font-weight: 700; font-size: 19px; letter-spacing: .12em; fill: var(--sign); }
.line { fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }
.halo { fill: none; stroke: var(--paper); stroke-width: 6; }
.line--store { stroke-width: 1.5; }
.head { fill: var(--line); }
""".strip()


def styled(scope: str = "svg", rules: str = RULES) -> str:
    """The rules for the picture, in both themes."""
    families = " ".join(
        f".tone-{name} {{ --tone: var(--{name}); }}" for name in ("compute", "messages", "data", "flow", "front")
    )
    lines = " ".join(
        f".of-{name} {{ --line: var(--{name}); }}"
        for name in ("request", "task", "event", "message", "stream", "store")
    )
    return (
        f"{scope} {{ {_variables(_LIGHT)} font-family: {_FONT}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ {scope} {{ {_variables(_DARK)} }} }}\n{families}\n{lines}\n{rules}"
    )


def style_sheet() -> str:
    """The same rules for the storefront's page."""
    return f"/* Written by `make schemas` from diagram/picture.py: change it there. */\n{styled('.diagram')}\n"


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def picture(graph: Graph, layout: Layout, lines: list[Line], *, alone: bool = True) -> str:
    """The whole picture. `alone`: with its own style, as a file; otherwise for a page that has the style sheet."""
    parts = [
        *(_service(graph, name, box) for name, box in layout.services.items()),
        *_drawn_lines(lines),
        _spine(graph.nodes["Bus"], layout.nodes["Bus"]),
        *(_stack(stack.box) for stack in layout.stacks.values()),
        *(_node(graph, graph.nodes[node], box) for node, box in layout.nodes.items() if node != "Bus"),
        *_diamonds(graph, lines),
        _legend(layout.legend),
    ]
    title = "The architecture of Cartwheel"
    count = sum(node.kind == "function" for node in graph.nodes.values())
    text = (
        f"{len(layout.services)} groups around one event bus: {count} functions, their queues, tables and workflows, "
        "and what flows between them. Drawn from the templates."
    )
    return _svg(Box(0, 0, layout.width, layout.height), title, text, parts, alone=alone)


def service_picture(graph: Graph, layout: Layout, lines: list[Line]) -> str:
    """One service and what it is connected to."""
    name = layout.of
    inside = {node: box for node, box in layout.nodes.items() if graph.nodes[node].service == name}
    parts = [
        *(_service(graph, service, box) for service, box in layout.services.items()),
        *_drawn_lines(lines),
        *(_stack(stack.box) for stack in layout.stacks.values() if stack.id not in layout.outside),
        *(_node(graph, graph.nodes[node], box) for node, box in inside.items()),
        *(_outside(graph.nodes[unit.rstrip("+")], label, layout.box(unit)) for unit, label in layout.outside.items()),
        *_diamonds(graph, lines),
    ]
    title = f"{TITLES.get(name, name)}: its part of the architecture"
    text = f"{len(inside)} resources of this application, and what they are connected to. Drawn from the templates."
    return _svg(Box(0, 0, layout.width, layout.height), title, text, parts, alone=True)


def _outside(node: Node, label: str, box: Box) -> str:
    words = "Event bus" if node.kind == "bus" else label
    long = " label--long" if len(words) > 18 else ""
    text = f'<text class="label{long}" x="{box.x + 32}" y="{box.y + 21}">{escape(words)}</text>'
    sign = _sign(node.kind, box.x + 4, box.y + 4)
    return f'<g class="outside tone-{_FAMILIES[node.kind]}">{_rect(box, 15, "body")}{sign}{text}</g>'


def _svg(view: Box, title: str, text: str, parts: list[str], *, alone: bool) -> str:
    style = f"<style>\n{styled()}\n</style>\n" if alone else ""
    body = "\n".join(part for part in parts if part)
    role = 'role="img" aria-labelledby="architecture-title architecture-text"' if alone else _IN_A_PAGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view.x} {view.y} {view.width} {view.height}" {role}>\n'
        f'<title id="architecture-title">{escape(title)}</title>\n'
        f'<desc id="architecture-text">{escape(text)}</desc>\n'
        f"{style}{_rect(view, 18, 'paper')}\n{body}\n</svg>\n"
    )


def _service(graph: Graph, name: str, box: Box) -> str:
    optional = all(node.optional for node in graph.nodes.values() if node.service == name)
    extra = " service--optional" if optional else ""
    return (
        f'<g class="service{extra}" data-service="{name}">{_rect(box, 14)}'
        f'<text class="title" x="{box.x + 18}" y="{box.y + 25}">{TITLES.get(name, name)}</text></g>'
    )


def _stack(box: Box) -> str:
    return _rect(box.around(4), 10, "stacked")


def _node(graph: Graph, node: Node, box: Box) -> str:
    attached = [it for it in graph.nodes.values() if it.owner == node.id and it.kind in ("dead-letters", "schedule")]
    label = "Cluster" if node.kind == "cluster" else node.label
    tall = box.height > 3 * NODE_HEIGHT
    y = box.y + 15 if not tall else box.y + 20
    long = " label--long" if len(label) > _LONG else ""
    rows = "".join(f"M{box.x} {line}h{box.width}" for line in range(box.y + 40, box.bottom - 8, 20)) if tall else ""
    body = (
        f"{_rect(box, 7, 'body')}"
        f"{f'<path class="rows" d="{rows}"/>' if rows else ''}"
        f"{_sign(node.kind, box.x + 4, y - 11)}"
        f'<text class="label{long}" x="{box.x + 32}" y="{y + 6}">{escape(label)}</text>'
    )
    parts = "".join(
        _part(it, Box(box.right - 27 * (index + 1), box.y + 2, 25, NODE_HEIGHT - 4))
        for index, it in enumerate(attached)
    )
    return _group(node, body) + parts


def _group(node: Node, body: str) -> str:
    optional = " node--optional" if node.optional else ""
    service = "" if node.service == SHARED else f"{TITLES.get(node.service, node.service)} "
    name = escape(f"{service}{node.label}, {NAMES[node.kind]}")
    classes = f"node node--{node.kind}{optional} tone-{_FAMILIES[node.kind]}"
    return f'<g class="{classes}" data-node="{node.id}" aria-label="{name}">{body}</g>'


def _part(node: Node, box: Box) -> str:
    body = f"{_rect(box, 5, 'part')}{_glyph(node.kind, box.x + 3.5, box.y + 4, 0.9)}"
    return _group(node, body)


def _sign(kind: str, x: float, y: float) -> str:
    return (
        f'<rect class="sign" x="{x:g}" y="{y:g}" width="22" height="22" rx="5"/>{_glyph(kind, x + 2.5, y + 2.5, 0.85)}'
    )


def _glyph(kind: str, x: float, y: float, scale: float) -> str:
    return f'<path class="glyph" transform="translate({x:g} {y:g}) scale({scale:g})" d="{GLYPHS[kind]}"/>'


def _spine(node: Node, box: Box) -> str:
    x, y = box.middle
    words = f'<text class="spine-text" transform="translate({x + 7:g} {y:g}) rotate(-90)" text-anchor="middle">'
    sign = _glyph("bus", x - 15, box.y + 14, 1.5)
    return _group(node, f"{_rect(box, 14, 'spine')}{sign}{words}EVENT BUS · EventBridge</text>")


# --- lines ------------------------------------------------------------------------------------------------------


def _drawn_lines(lines: list[Line]) -> Iterator[str]:
    order = ("read", "write", "read-write", "stream", "message", "task", "request", "event")
    for line in sorted(lines, key=lambda line: order.index(line.kind)):
        kind = "store" if line.kind in ("read", "write", "read-write") else line.kind
        ends = []
        if line.kind != "read":
            ends.append(_head(line.points[-2], line.points[-1]))
        if line.kind in ("read", "read-write"):
            ends.append(_head(line.points[1], line.points[0]))
        yield (
            f'<g class="edge of-{kind}" data-edge="{identity(line)}">'
            f'<path class="line line--{kind}" d="{path(line)}"/>{"".join(ends)}</g>'
        )


def identity(line: Line) -> str:
    return f"{line.source}>{line.target}>{line.kind}"


def path(line: Line, radius: float = 7) -> str:
    """The way with rounded corners, ending a little before the heads' tips."""
    points = [(float(x), float(y)) for x, y in line.points]
    if line.kind != "read":
        points[-1] = _towards(points[-1], points[-2], 5)
    if line.kind in ("read", "read-write"):
        points[0] = _towards(points[0], points[1], 5)
    text = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        bend = min(radius, _length(before, here) / 2, _length(here, after) / 2)
        start, end = _towards(here, before, bend), _towards(here, after, bend)
        text += f"L{start[0]:g} {start[1]:g}Q{here[0]:g} {here[1]:g} {end[0]:g} {end[1]:g}"
    return f"{text}L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(one: tuple[float, float], other: tuple[float, float], by: float) -> tuple[float, float]:
    length = _length(one, other) or 1
    return one[0] + (other[0] - one[0]) * by / length, one[1] + (other[1] - one[1]) * by / length


def _length(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _head(before: tuple[float, float], tip: tuple[float, float]) -> str:
    base = _towards(tip, before, 9)
    across = (4.5, 0.0) if before[0] == tip[0] else (0.0, 4.5)
    corners = ((base[0] + across[0], base[1] + across[1]), tip, (base[0] - across[0], base[1] - across[1]))
    return f'<path class="head" d="M{"L".join(f"{x:g} {y:g}" for x, y in corners)}Z"/>'


def _along(points: tuple[tuple[int, int], ...], by: float) -> tuple[float, float]:
    """The point so far before the end of the way."""
    for here, before in zip(points[::-1], points[-2::-1], strict=False):
        if (length := _length(here, before)) >= by:
            return _towards(here, before, by)
        by -= length
    return points[0]


def _diamonds(graph: Graph, lines: list[Line]) -> Iterator[str]:
    """Each rule on the line that it lets events through, before the target."""
    for line in lines:
        for index, rule in enumerate(line.rules):
            x, y = _along(line.points, 18 + 18 * index)
            yield _group(graph.nodes[rule], _diamond(x, y))


def _diamond(x: float, y: float) -> str:
    return f'<path class="diamond" d="M{x - 7.5:g} {y:g}l7.5 -7.5l7.5 7.5l-7.5 7.5z"/>'


def _legend(box: Box) -> str:
    head = f'<text class="title" x="{box.x + 18}" y="{box.y + 25}">How to read it</text>'
    return f'<g class="legend" aria-hidden="true">{head}{"".join((*_lines_explained(box), *_signs_explained(box)))}</g>'


def _lines_explained(box: Box) -> Iterator[str]:
    x, y = box.x + 20, box.y + HEAD + 16
    for kind, words in LINES.items():
        of, both = ("store", True) if kind == "read-write" else (kind, False)
        heads = _head((x + 20, y), (x + 40, y)) + (_head((x + 20, y), (x, y)) if both else "")
        line = f'<path class="line line--{of}" d="M{x + 5 * both} {y}H{x + 35}"/>'
        yield f'<g class="of-{of}">{line}{heads}</g>{_words(x + 50, y, words)}'
        y += 27
    yield f"{_diamond(x + 20, y)}{_words(x + 50, y, 'rule: which events pass')}"
    y += 27
    off = f'<rect class="body" x="{x}" y="{y - 9}" width="40" height="18" rx="5"/>'
    yield f'<g class="node--optional tone-compute">{off}</g>{_words(x + 50, y, "off until you switch it on")}'


def _signs_explained(box: Box) -> Iterator[str]:
    for index, kind in enumerate(kind for kind in NAMES if kind not in ("bus", "rule")):
        column, row = divmod(index, 8)
        x, y = box.x + 252 + column * 150, box.y + HEAD + 6 + 28 * row
        words = _words(x + 29, y + 11, _SHORT.get(kind, NAMES[kind]))
        yield f'<g class="tone-{_FAMILIES[kind]}">{_sign(kind, x, y)}</g>{words}'


def _words(x: float, y: float, words: str) -> str:
    return f'<text class="small" x="{x:g}" y="{y + 5:g}">{words}</text>'


_SHORT = {
    "function": "Lambda",
    "table": "DynamoDB",
    "queue": "SQS queue",
    "pool": "Cognito",
    "archive": "Archive",
    "dead-letters": "Dead letters",
    "bucket": "S3",
    "stream": "Kinesis",
    "cluster": "MSK (Kafka)",
}


def _rect(box: Box, radius: int, name: str = "") -> str:
    named = f' class="{name}"' if name else ""
    return f'<rect{named} x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="{radius}"/>'
