"""The lines of a picture: which edges are drawn as one, and the ways that they take."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from diagram.graph import ATTACHED, STORED, UNDRAWN, Edge, Graph
from diagram.layout import Box, Layout
from diagram.router import Cell, Router

_STORE = "store"


@dataclass(frozen=True)
class Line:
    """A drawn edge between two units (nodes or stacks), and the graph's edges that it stands for."""

    source: str
    target: str
    kind: str
    points: tuple[Cell, ...]
    edges: tuple[tuple[str, str, str], ...]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class _Wanted:
    source: str
    target: str
    kind: str
    net: tuple[str, ...]
    edges: tuple[tuple[str, str, str], ...]
    rules: tuple[str, ...]


type Ways = dict[str, Any]


def routed(graph: Graph, layout: Layout, kept: Ways | None = None) -> tuple[list[Line], Ways]:
    """The lines of the picture, and their ways to keep. `kept` are used again while boxes and edges are the same,
    because finding them takes seconds."""
    wanted = _wanted(graph, layout)
    boxes = {unit: layout.box(unit) for unit in (*layout.nodes, *layout.stacks)}
    of = sha256(repr((wanted, sorted(boxes.items()), sorted(layout.services.items()))).encode()).hexdigest()[:16]
    if kept and kept["of"] == of:
        ways = [tuple((x, y) for x, y in way) for way in kept["ways"]]
    else:
        router = Router(layout)
        ways = [router.way(it.source, it.target, it.net) for it in wanted]
    lines = [Line(it.source, it.target, it.kind, way, it.edges, it.rules) for it, way in zip(wanted, ways, strict=True)]
    return lines, {"of": of, "ways": ways}


def _wanted(graph: Graph, layout: Layout) -> list[_Wanted]:
    """The lines to draw, the shortest first. Edges between the same two units are one line."""
    groups: dict[tuple[str, str, str], list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        if _is_drawn(graph, layout, edge):
            kind = _STORE if edge.kind in STORED else edge.kind
            groups[layout.unit(edge.source), layout.unit(edge.target), kind].append(edge)
    found = [_line(graph, source, target, kind, edges) for (source, target, kind), edges in groups.items()]
    return sorted(found, key=lambda it: (_distance(layout.box(it.source), layout.box(it.target)), it.source, it.target))


def _line(graph: Graph, source: str, target: str, kind: str, edges: list[Edge]) -> _Wanted:
    """What a caller or publisher sends branches from one line; each use of a store is a line of its own."""
    kinds = {edge.kind for edge in edges}
    net: tuple[str, ...] = (source, target) if kind == _STORE else (source, kind)
    if kind == "event":
        net = (*net, graph.nodes[edges[0].target].service)
    drawn = tuple(sorted({(edge.source, edge.target, edge.kind) for edge in edges}))
    rules = tuple(sorted(edge.via for edge in edges if edge.via))
    return _Wanted(source, target, kinds.pop() if len(kinds) == 1 else "read-write", net, drawn, rules)


def _is_drawn(graph: Graph, layout: Layout, edge: Edge) -> bool:
    ends = graph.nodes[edge.source], graph.nodes[edge.target]
    services = [end.service for end in ends]
    # A look-up in another service's store would be a line across the whole picture, for little.
    aside = services[0] != services[1] and edge.kind in STORED
    small = any(end.kind in ATTACHED for end in ends)
    there = all(end.id in layout.nodes for end in ends) and (not layout.of or layout.of in services)
    return there and not aside and not small and edge.kind not in UNDRAWN


def _distance(one: Box, other: Box) -> int:
    across = max(one.x - other.right, other.x - one.right, 0)
    down = max(one.y - other.bottom, other.y - one.bottom, 0)
    return across + 2 * down
