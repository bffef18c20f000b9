"""Where each box of the picture stands: services in three columns, with the bus as a spine between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from diagram.graph import ATTACHED, Graph

PLACES = Path(__file__).parent / "places.yaml"
CELL = 6  # every coordinate is a multiple of it, and edges run from cell to cell
NODE_WIDTH, NODE_HEIGHT, PITCH, GAP, SPACER = 150, 30, 36, 30, 12
HEAD, PADDING = 36, 18
MARGIN, BETWEEN = 24, 24
GUTTER, BUS_WIDTH, BESIDE_BUS = 72, 48, 54
STACK_PADDING = 3


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, other: "Box") -> bool:
        return self.x <= other.x and self.y <= other.y and self.right >= other.right and self.bottom >= other.bottom

    def around(self, by: int) -> "Box":
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)


@dataclass(frozen=True)
class Stack:
    """Functions of one service, one below the other, that the same thing calls. An edge leads to all of them."""

    id: str
    members: tuple[str, ...]
    box: Box


@dataclass
class Layout:
    """`of` is the one service that a picture is about; `outside` are labels of what is not a part of it."""

    width: int
    height: int
    of: str = ""
    outside: dict[str, str] = field(default_factory=dict)
    services: dict[str, Box] = field(default_factory=dict)
    nodes: dict[str, Box] = field(default_factory=dict)
    stacks: dict[str, Stack] = field(default_factory=dict)
    legend: Box = field(default_factory=lambda: Box(0, 0, 0, 0))

    def unit(self, node: str) -> str:
        """The stack of the node, or the node itself."""
        return next((stack.id for stack in self.stacks.values() if node in stack.members), node)

    def box(self, unit: str) -> Box:
        return self.stacks[unit].box if unit in self.stacks else self.nodes[unit]


type Grid = list[list[str] | None]


def places(text: str | None = None) -> dict[str, dict[str, Grid]]:
    """The grids by column and service. A row that is None is a gap."""
    read: dict[str, dict[str, str]] = yaml.safe_load(text or PLACES.read_text())
    return {
        column: {
            service: [None if row.strip() == "-" else row.split() for row in grid.splitlines()]
            for service, grid in services.items()
        }
        for column, services in read.items()
    }


def unplaced(graph: Graph, text: str | None = None) -> list[str]:
    """What is wrong with the places: nodes without one, and places without a node."""
    named = {
        (service, name)
        for services in places(text).values()
        for service, grid in services.items()
        for row in grid
        for name in row or ()
        if name != "."
    }
    there = {(node.service, node.logical_id) for node in graph.nodes.values() if node.kind not in (*ATTACHED, "bus")}
    return [
        *(f"{service}/{name} has no place in diagram/places.yaml" for service, name in sorted(there - named)),
        *(
            f"diagram/places.yaml names {service}/{name}, which is in no template"
            for service, name in sorted(named - there)
        ),
    ]


def layout(graph: Graph) -> Layout:
    columns = places()
    widths = {name: max(map(grid_width, services.values())) for name, services in columns.items()}
    heights = {name: sum(map(grid_height, it.values())) + BETWEEN * (len(it) - 1) for name, it in columns.items()}
    left = MARGIN
    middle = left + widths["left"] + GUTTER
    bus = middle + widths["middle"] + BESIDE_BUS
    right = bus + BUS_WIDTH + BESIDE_BUS
    tall = max(heights.values())
    top = MARGIN + 2 * CELL
    made = Layout(right + widths["right"] + MARGIN, top + tall + MARGIN + 2 * CELL)
    for name, x in (("left", left), ("middle", middle), ("right", right)):
        _column(graph, made, columns[name], Box(x, top, widths[name], tall), spread=name == "left")
    made.nodes["Bus"] = Box(bus, top, BUS_WIDTH, tall)
    lowest = max(made.services[service].bottom for service in columns["right"])
    made.legend = Box(right, lowest + BETWEEN, widths["right"], top + tall - lowest - BETWEEN)
    for stack in stacks(graph, made):
        made.stacks[stack.id] = stack
    return made


def _column(graph: Graph, made: Layout, services: Mapping[str, Grid], box: Box, *, spread: bool) -> None:
    spare = box.height - sum(map(grid_height, services.values()))
    between = spare // (len(services) - 1) // CELL * CELL if spread else BETWEEN
    y = box.y
    for service, grid in services.items():
        placed = Box(box.x, y, box.width, grid_height(grid))
        made.services[service] = placed
        made.nodes.update(cells(graph, service, grid, placed))
        y = placed.bottom + between


def cells(graph: Graph, service: str, grid: Grid, box: Box) -> dict[str, Box]:
    ids = {node.logical_id: node.id for node in graph.nodes.values() if node.service == service}
    found: dict[str, Box] = {}
    y = box.y + HEAD
    for row in grid:
        for column, name in enumerate(row or ()):
            if name == ".":
                continue
            at = Box(box.x + PADDING + column * (NODE_WIDTH + GAP), y, NODE_WIDTH, NODE_HEIGHT)
            before = found.get(ids[name])
            found[ids[name]] = Box(at.x, before.y, at.width, at.bottom - before.y) if before else at
        y += PITCH if row else SPACER
    return found


def stacks(graph: Graph, made: Layout) -> Iterator[Stack]:
    callers = {
        node.id: frozenset(edge.source for edge in graph.into(node.id, "request", "task"))
        for node in graph.nodes.values()
        if node.kind == "function" and node.id in made.nodes
    }
    members: list[str] = []
    ordered = sorted(
        (node for node in callers if callers[node]), key=lambda node: (made.nodes[node].x, made.nodes[node].y)
    )
    for node in [*ordered, ""]:
        if members and not (node and _follows(made, members[-1], node) and callers[node] == callers[members[0]]):
            if len(members) > 1:
                boxes = [made.nodes[member] for member in members]
                box = Box(boxes[0].x, boxes[0].y, boxes[0].width, boxes[-1].bottom - boxes[0].y)
                yield Stack(f"{members[0]}+", tuple(members), box)
            members = []
        members.append(node)


def _follows(made: Layout, above: str, below: str) -> bool:
    return made.nodes[above].x == made.nodes[below].x and made.nodes[below].y - made.nodes[above].y == PITCH


def grid_width(grid: Grid) -> int:
    columns = max(column + 1 for row in grid if row for column, name in enumerate(row) if name != ".")
    return columns * NODE_WIDTH + (columns - 1) * GAP + 2 * PADDING


def grid_height(grid: Grid) -> int:
    return HEAD + sum(PITCH if row else SPACER for row in grid) - (PITCH - NODE_HEIGHT) + PADDING
