"""Finds ways along a grid, around boxes, with few bends and crossings: A* with prices for what looks bad."""

import heapq
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from diagram.layout import CELL, HEAD, Box, Layout

# Prices, in cells. A way that the same net has taken already is cheap, so its edges become one line that branches.
_BEND, _CROSSING, _BESIDE, _BORDER, _SHARED, _ELSEWHERE, _OFF_CENTRE = 5.0, 9.0, 1.5, 2.0, 0.15, 3.0, 0.6
_FROM_ABOVE, _FROM_ABOVE_A_STACK = 4.0, 14.0
_TALL = 16
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))

type Cell = tuple[int, int]
type Move = tuple[Cell, int]  # a cell, and the index in _STEPS of the direction in which it was entered
type Net = tuple[str, ...]


_START: Move = ((-1, -1), 0)  # before the first cell of a way


class Router:
    """Remembers the ways that it has found, so that later ones keep clear of them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._size = (layout.width // CELL, layout.height // CELL)
        self._blocked: dict[Cell, set[str]] = defaultdict(set)
        for unit in (*layout.nodes, *layout.stacks):
            self._block(layout.box(unit).around(CELL), unit)
        self._block(layout.legend, "legend")
        self._border: set[Cell] = set()
        for box in layout.services.values():
            self._block(Box(box.x + 12, box.y, 110, HEAD - 6), "title")
            self._border |= set(_cells(box.around(2 * CELL))) - set(_cells(box.around(-3 * CELL)))
        self._inside = {cell: service for service, box in layout.services.items() for cell in _cells(box)}
        self._taken: dict[Cell, dict[Net, set[int]]] = defaultdict(dict)

    def _block(self, box: Box, by: str) -> None:
        for cell in _cells(box):
            self._blocked[cell].add(by)

    def way(self, source: str, target: str, net: Net) -> tuple[Cell, ...]:
        """Returns the corners of the cheapest way, in the picture's units. Raises LookupError if there is none."""
        path = _Search(self, source, target, net).path()
        for one, other in pairwise(path):
            for cell in (one, other):
                self._taken[cell].setdefault(net, set()).add(_axis(one, other))
        bends = zip(path, path[1:], path[2:], strict=False)
        corners = [here for before, here, after in bends if _axis(before, here) != _axis(here, after)]
        return tuple((x * CELL, y * CELL) for x, y in (path[0], *corners, path[-1]))

    def ports(self, unit: str, net: Net, *, entering: bool) -> dict[Move, float]:
        """Cells on the unit's border, with the direction of the way there, and the price of a port off the centre."""
        box, centred = self._layout.box(unit), unit in self._layout.stacks
        left, right, top, bottom = box.x // CELL, box.right // CELL, box.y // CELL, box.bottom // CELL
        anywhere = bottom - top > _TALL and not centred
        found: dict[Move, float] = {}
        for y in range(top + 1, bottom):
            price = 0.0 if anywhere else _OFF_CENTRE * abs(y - (top + bottom) / 2)
            found[(left, y), 0 if entering else 2] = price
            found[(right, y), 2 if entering else 0] = price
        for x in range(left + 2, right - 1):
            price = _OFF_CENTRE * abs(x - (left + right) / 2) / 2 + (_FROM_ABOVE_A_STACK if centred else _FROM_ABOVE)
            found[(x, top), 1 if entering else 3] = price
            found[(x, bottom), 3 if entering else 1] = price
        return {move: price for move, price in found.items() if not self.others(move[0], net)}

    def others(self, cell: Cell, net: Net) -> bool:
        """Whether another net runs through the cell."""
        return any(other != net for other in self._taken.get(cell, {}))

    def known(self, net: Net) -> bool:
        return any(net in nets for nets in self._taken.values())

    def free(self, cell: Cell, units: set[str]) -> bool:
        """Whether nothing but these units stands at the cell."""
        width, height = self._size
        return 1 <= cell[0] < width and 1 <= cell[1] < height and not self._blocked.get(cell, set()) - units

    def price(self, cell: Cell, axis: int, net: Net, home: set[str]) -> float | None:
        """The price of one more cell in this direction; None where another net runs the same way or bends."""
        price = 1.0 if self._inside.get(cell) in (None, *home) else _ELSEWHERE
        for other, axes in self._taken.get(cell, {}).items():
            if other == net:
                price = _SHARED
            elif axis in axes or len(axes) > 1:
                return None
            else:
                price += _CROSSING
        across = _STEPS[1 - axis]
        for sign in (1, -1):
            beside = self._taken.get((cell[0] + sign * across[0], cell[1] + sign * across[1]), {})
            price += sum(_BESIDE for other, axes in beside.items() if other != net and axis in axes)
        return price + (_BORDER if axis == 1 and cell in self._border else 0)

    def home(self, *boxes: Box) -> set[str]:
        """The services in which the boxes stand."""
        return {service for box in boxes for service, around in self._layout.services.items() if around.holds(box)}

    def units(self, *ends: str) -> set[str]:
        """The ends, and the members of those that are stacks."""
        stacks = self._layout.stacks
        return {*ends, *(member for end in ends if end in stacks for member in stacks[end].members)}

    def box(self, unit: str) -> Box:
        return self._layout.box(unit)


class _Search:
    def __init__(self, router: Router, source: str, target: str, net: Net) -> None:
        self._router, self._source, self._target, self._net = router, source, target, net
        boxes = router.box(source), router.box(target)
        self._goal = boxes[1]
        self._home = router.home(*boxes)
        self._units = router.units(source, target)
        self._covered = {cell for box in boxes for cell in _cells(box.around(-CELL))}
        self._cheapest = _SHARED if router.known(net) else 1.0
        self._came: dict[Move, Move] = {}

    def path(self) -> list[Cell]:
        goals = self._router.ports(self._target, self._net, entering=True)
        starts = self._router.ports(self._source, self._net, entering=False)
        queue = [(price + self._far(move[0]), price, move, _START) for move, price in starts.items()]
        heapq.heapify(queue)
        best, end = float("inf"), _START
        while queue:
            estimate, price, move, before = heapq.heappop(queue)
            if estimate >= best:
                break
            if move in self._came:
                continue
            self._came[move] = before
            if price + goals.get(move, best) < best:
                best, end = price + goals[move], move
            for there, more in self._next(move):
                heapq.heappush(queue, (price + more + self._far(there[0]), price + more, there, move))
        if end == _START:
            raise LookupError(f"no way from {self._source} to {self._target}: widen a gap in diagram/layout.py")
        return self._back_from(end)

    def _next(self, move: Move) -> Iterator[tuple[Move, float]]:
        cell, step = move
        for turned, (dx, dy) in enumerate(_STEPS):
            there = (cell[0] + dx, cell[1] + dy)
            back, bending = turned == (step + 2) % 4, turned != step
            if back or there in self._covered or not self._router.free(there, self._units):
                continue
            if bending and self._router.others(cell, self._net):
                continue
            price = self._router.price(there, turned % 2, self._net, self._home)
            if price is not None:
                yield (there, turned), price + (_BEND if bending else 0)

    def _far(self, cell: Cell) -> float:
        """The least that the rest of the way can cost."""
        x, y, box = cell[0] * CELL, cell[1] * CELL, self._goal
        return self._cheapest * (max(box.x - x, x - box.right, 0) + max(box.y - y, y - box.bottom, 0)) / CELL

    def _back_from(self, end: Move) -> list[Cell]:
        path = [end]
        while (before := self._came[path[-1]]) != _START:
            path.append(before)
        return [cell for cell, _ in reversed(path)]


def _cells(box: Box) -> list[Cell]:
    """Grid points of the box, its border included."""
    return [
        (x, y)
        for x in range(-(-box.x // CELL), box.right // CELL + 1)
        for y in range(-(-box.y // CELL), box.bottom // CELL + 1)
    ]


def _axis(one: Cell, other: Cell) -> int:
    return 0 if one[1] == other[1] else 1
