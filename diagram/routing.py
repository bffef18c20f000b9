"""The lines of a picture: which edges are drawn as one, and the ways that they take."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from diagram.graph import ATTACHED, UNDRAWN, Edge, Graph
from diagram.layout import Box, Layout
from diagram.router import Cell, Router


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
    """The lines to draw, the shortest first."""
    groups: dict[tuple[str, str, str], list[tuple[str, str, str, str | None]]] = defaultdict(list)
    for edge in graph.edges:
        if edge.kind in UNDRAWN or any(graph.nodes[end].kind in ATTACHED for end in (edge.source, edge.target)):
            continue
        if _is_aside(graph, edge) or not {edge.source, edge.target} <= layout.nodes.keys():
            continue
        drawn = "store" if edge.kind in ("read", "write", "read-write") else edge.kind
        if layout.of and layout.of not in (graph.nodes[edge.source].service, graph.nodes[edge.target].service):
            continue
        groups[layout.unit(edge.source), layout.unit(edge.target), drawn].append(
            (edge.source, edge.target, edge.kind, edge.via)
        )
    found = []
    for (source, target, kind), edges in groups.items():
        kinds = {it for _, _, it, _ in edges}
        shown = kind if kind != "store" else kinds.pop() if len(kinds) == 1 else "read-write"
        net = (source, kind, graph.nodes[edges[0][1]].service) if kind == "event" else (source, kind)
        if kind == "store":
            net = (source, target)
        rules = tuple(sorted(via for *_, via in edges if via))
        found.append(_Wanted(source, target, shown, net, tuple(sorted({edge[:3] for edge in edges})), rules))
    return sorted(found, key=lambda it: (_distance(layout.box(it.source), layout.box(it.target)), it.source, it.target))


def _is_aside(graph: Graph, edge: Edge) -> bool:
    """A look-up in another service's store: a line across the whole picture, for little."""
    across = graph.nodes[edge.source].service != graph.nodes[edge.target].service
    return across and edge.kind in ("read", "write", "read-write")


def _distance(one: Box, other: Box) -> int:
    across = max(one.x - other.right, other.x - one.right, 0)
    down = max(one.y - other.bottom, other.y - one.bottom, 0)
    return across + 2 * down
