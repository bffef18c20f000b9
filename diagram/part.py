"""Where each box stands in the picture of one service: its own grid, and at its sides what it is connected to."""

from diagram.graph import ATTACHED, SHARED, STORED, UNDRAWN, Graph
from diagram.layout import (
    HEAD,
    MARGIN,
    NODE_HEIGHT,
    PITCH,
    SPACER,
    Box,
    Layout,
    Stack,
    cells,
    grid_height,
    grid_width,
    places,
    stacks,
)

_OUTSIDE_WIDTH = 204
_WAY_OUT = 72


def of_service(graph: Graph, whole: Layout, service: str) -> Layout:
    """One service, with what it is connected to on the side on which it stands in the whole picture."""
    grid = next(grids[service] for grids in places().values() if service in grids)
    box = whole.services[service]
    around = _connected(graph, whole, service)
    sides = {side: [it for it in around if (whole.box(it).x < box.x) == (side == "left")] for side in ("left", "right")}
    left = MARGIN + (_OUTSIDE_WIDTH + _WAY_OUT if sides["left"] else 0)
    placed = Box(left, MARGIN, grid_width(grid), grid_height(grid))
    right = placed.right + (_WAY_OUT + _OUTSIDE_WIDTH if sides["right"] else 0) + MARGIN
    tallest = max(placed.height, *(len(units) * (PITCH + SPACER) for units in sides.values()))
    made = Layout(right, tallest + 2 * MARGIN, of=service, services={service: placed})
    made.nodes.update(cells(graph, service, grid, placed))
    for stack in stacks(graph, made):
        made.stacks[stack.id] = stack
    for side, units in sides.items():
        x = MARGIN if side == "left" else placed.right + _WAY_OUT
        for index, unit in enumerate(sorted(units, key=lambda unit: (whole.box(unit).y, unit))):
            y = MARGIN + HEAD + index * (PITCH + SPACER)
            _outside(graph, whole, made, unit, Box(x, y, _OUTSIDE_WIDTH, NODE_HEIGHT))
    return made


def _connected(graph: Graph, whole: Layout, service: str) -> list[str]:
    """The units of other services with a drawn edge from or to this one."""
    ends = set()
    for edge in graph.edges:
        inside = [graph.nodes[end].service == service for end in (edge.source, edge.target)]
        if sum(inside) == 1 and edge.kind not in (*UNDRAWN, *STORED) and graph.nodes[edge.target].kind not in ATTACHED:
            ends.add(whole.unit(edge.target if inside[0] else edge.source))
    return sorted(ends)


def _outside(graph: Graph, whole: Layout, made: Layout, unit: str, box: Box) -> None:
    members = whole.stacks[unit].members if unit in whole.stacks else (unit,)
    node = graph.nodes[members[0]]
    label = node.label if len(members) == 1 else f"{len(members)} functions"
    alone = node.service in (SHARED, "Api")
    made.outside[unit] = label if alone else f"{node.service.removesuffix('Service')}: {label}"
    made.nodes.update(dict.fromkeys(members, box))
    if len(members) > 1:
        made.stacks[unit] = Stack(unit, members, box)
    else:
        made.nodes[unit] = box
