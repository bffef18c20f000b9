"""Ways for the edges: along a grid, around boxes, with few bends and crossings. Edges of one net may share their way."""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from diagram.graph import ATTACHED, UNDRAWN, Edge, Graph
from diagram.layout import CELL, HEAD, Box, Layout

# In cells.
_BEND, _CROSSING, _BESIDE, _BORDER, _SHARED, _ELSEWHERE, _OFF_CENTRE = 5.0, 9.0, 1.5, 2.0, 0.15, 3.0, 0.6
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))

type Cell = tuple[int, int]


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
        router = _Router(layout)
        ways = [router.route(it) for it in wanted]
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
    """A look-up in another service's store, or the bucket for what failed: a line across the whole picture, for little."""
    across = graph.nodes[edge.source].service != graph.nodes[edge.target].service
    return across and edge.kind in ("read", "write", "read-write")


def _distance(one: Box, other: Box) -> int:
    across = max(one.x - other.right, other.x - one.right, 0)
    down = max(one.y - other.bottom, other.y - one.bottom, 0)
    return across + 2 * down


class _Router:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._size = (layout.width // CELL, layout.height // CELL)
        self._blocked: dict[Cell, set[str]] = defaultdict(set)
        for unit in [*layout.nodes, *layout.stacks]:
            for cell in _cells(layout.box(unit).around(CELL)):
                self._blocked[cell].add(unit)
        for box in (layout.legend,):
            for cell in _cells(box):
                self._blocked[cell].add("legend")
        self._border: set[Cell] = set()
        for box in layout.services.values():
            for cell in _cells(Box(box.x + 12, box.y, 110, HEAD - 6)):
                self._blocked[cell].add("title")
            self._border |= set(_cells(box.around(2 * CELL))) - set(_cells(box.around(-3 * CELL)))
        self._inside = {cell: service for service, box in layout.services.items() for cell in _cells(box)}
        self._taken: dict[Cell, dict[tuple[str, ...], set[int]]] = defaultdict(dict)

    def route(self, wanted: _Wanted) -> tuple[Cell, ...]:
        """The corners of the way, in the picture's units."""
        path = self._search(wanted)
        points = [
            path[0],
            *(
                here
                for before, here, after in zip(path, path[1:], path[2:], strict=False)
                if _bends(before, here, after)
            ),
            path[-1],
        ]
        for index, cell in enumerate(path):
            axes = {
                _axis(one, other)
                for one, other in zip(path[max(index - 1, 0) : index + 1], path[index : index + 2], strict=False)
                if one != other
            }
            self._taken[cell].setdefault(wanted.net, set()).update(axes)
        return tuple((x * CELL, y * CELL) for x, y in points)

    def _search(self, wanted: _Wanted) -> list[Cell]:
        source, target = self._layout.box(wanted.source), self._layout.box(wanted.target)
        goals = self._ports(target, wanted.net, entering=True, centred=wanted.target in self._layout.stacks)
        cheapest = _SHARED if any(wanted.net in nets for nets in self._taken.values()) else 1.0
        queue: list[tuple[float, float, Cell, int, tuple[Cell, int] | None]] = []
        for (cell, step), cost in self._ports(
            source, wanted.net, entering=False, centred=wanted.source in self._layout.stacks
        ).items():
            heapq.heappush(queue, (cost + _far(cell, target, cheapest), cost, cell, step, None))
        came: dict[tuple[Cell, int], tuple[Cell, int] | None] = {}
        ends: dict[tuple[Cell, int], float] = {}
        best = float("inf")
        end: tuple[Cell, int] | None = None
        free = self._free(wanted)
        home = {service for end in (source, target) for service, box in self._layout.services.items() if box.holds(end)}
        while queue:
            estimate, cost, cell, step, before = heapq.heappop(queue)
            if (cell, step) in came or estimate >= best:
                continue
            came[cell, step] = before
            if (cell, step) in goals and cost + goals[cell, step] < best:
                best, end = cost + goals[cell, step], (cell, step)
                ends[cell, step] = best
            for turned, (dx, dy) in enumerate(_STEPS):
                if turned == (step + 2) % 4:
                    continue
                there = (cell[0] + dx, cell[1] + dy)
                if (there, turned) in came or not free(there):
                    continue
                more = self._cost(there, turned, wanted.net, home)
                if more is None or (turned != step and self._turning(cell, wanted.net)):
                    continue
                total = cost + more + (_BEND if turned != step else 0)
                heapq.heappush(queue, (total + _far(there, target, cheapest), total, there, turned, (cell, step)))
        if end is None:
            raise LookupError(f"no way from {wanted.source} to {wanted.target}: widen a gap in diagram/layout.py")
        path = [end]
        while (previous := came[path[-1]]) is not None:
            path.append(previous)
        cells = [cell for cell, _ in reversed(path)]
        return cells

    def _free(self, wanted: _Wanted) -> Callable[[Cell], bool]:
        ends = {wanted.source, wanted.target}
        ends |= {
            member for end in tuple(ends) if end in self._layout.stacks for member in self._layout.stacks[end].members
        }
        inside = set(_cells(self._layout.box(wanted.source).around(-CELL))) | set(
            _cells(self._layout.box(wanted.target).around(-CELL))
        )
        width, height = self._size

        def free(cell: Cell) -> bool:
            if not (1 <= cell[0] < width and 1 <= cell[1] < height) or cell in inside:
                return False
            return not (self._blocked.get(cell, set()) - ends)

        return free

    def _ports(self, box: Box, net: tuple[str, ...], *, entering: bool, centred: bool) -> dict[tuple[Cell, int], float]:
        """Cells on the box's border, with the direction of the way there, and what a port off the side's centre costs."""
        left, right, top, bottom = box.x // CELL, box.right // CELL, box.y // CELL, box.bottom // CELL
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        tall = bottom - top > 16 and not centred
        found: dict[tuple[Cell, int], float] = {}
        for y in range(top + 1, bottom):
            cost = 0.0 if tall else _OFF_CENTRE * abs(y - middle_y)
            found[(left, y), 0 if entering else 2] = cost
            found[(right, y), 2 if entering else 0] = cost
        for x in range(left + 2, right - 1):
            cost = (14 if centred else 4) + _OFF_CENTRE * abs(x - middle_x) / 2
            found[(x, top), 1 if entering else 3] = cost
            found[(x, bottom), 3 if entering else 1] = cost
        return {
            port: cost for port, cost in found.items() if all(other == net for other in self._taken.get(port[0], {}))
        }

    def _cost(self, cell: Cell, step: int, net: tuple[str, ...], home: set[str]) -> float | None:
        """The price of one more cell in this direction; None where another net runs the same way or bends."""
        axis = step % 2
        cost = 1.0 if self._inside.get(cell) in (None, *home) else _ELSEWHERE
        for other, axes in self._taken.get(cell, {}).items():
            if other == net:
                cost = _SHARED
            elif axis in axes or len(axes) > 1:
                return None
            else:
                cost += _CROSSING
        side = _STEPS[(step + 1) % 4]
        for sign in (1, -1):
            beside = self._taken.get((cell[0] + sign * side[0], cell[1] + sign * side[1]), {})
            cost += sum(_BESIDE for other, axes in beside.items() if other != net and axis in axes)
        return cost + (_BORDER if cell in self._border and axis == 1 else 0)

    def _turning(self, cell: Cell, net: tuple[str, ...]) -> bool:
        return any(other != net for other in self._taken.get(cell, {}))


def _cells(box: Box) -> list[Cell]:
    """Grid points of the box, its border included."""
    return [
        (x, y)
        for x in range(-(-box.x // CELL), box.right // CELL + 1)
        for y in range(-(-box.y // CELL), box.bottom // CELL + 1)
    ]


def _far(cell: Cell, box: Box, cheapest: float) -> float:
    x, y = cell[0] * CELL, cell[1] * CELL
    return cheapest * (max(box.x - x, x - box.right, 0) + max(box.y - y, y - box.bottom, 0)) / CELL


def _axis(one: Cell, other: Cell) -> int:
    return 0 if one[1] == other[1] else 1


def _bends(before: Cell, here: Cell, after: Cell) -> bool:
    return _axis(before, here) != _axis(here, after)
