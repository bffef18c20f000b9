"""A hot product's units are in several rows, and everything that moves them races and dies at every call. Still none is
made, lost, held by a closed order or sold twice, and nobody is refused what is there all the time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from inventory import domain, stock_rows, store
from tests.property.test_inventory_stock import assert_nothing_is_wrong, reserve
from tests.simulation.planted import Bug, edit
from tests.support.interleaving import interleave
from tests.support.inventory import MUG, Inventory, inventory_on_moto

type Choose = Callable[[int], tuple[int, bool]]


@dataclass
class Hot:
    """A product of several rows, and what is asked of it at the same time. `least` is the smallest number of available
    units at any moment."""

    inventory: Inventory
    units: int
    least: int = field(init=False)
    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.least = self.units

    def buys(self, order_id: str, units: int) -> Callable[[], None]:
        def act() -> None:
            self.answers[order_id] = reserve(self.inventory, order_id, {"mug": units})

        return act

    def ends(self, order_id: str, *statuses: str) -> Callable[[], None]:
        def act() -> None:
            for status in statuses:
                assert self.inventory.order_became(order_id, status) == {"batchItemFailures": []}

        return act

    def restocks(self, units: int, key: str = "more") -> Callable[[], None]:
        def act() -> None:
            assert self.inventory.restock("mug", {"quantity": units}, key=key).status == 200

        return act

    def spreads(self, shards: int) -> Callable[[], None]:
        def act() -> None:
            assert self.inventory.put("mug", {**MUG, "stock_shards": shards}).status == 200

        return act

    def look(self) -> None:
        """Remembers the fewest units that were available at any time."""
        self.least = min(self.least, self.inventory.books("mug").available)

    def race(self, choose: Choose, *actors: Callable[[], None]) -> None:
        def watched(running: int) -> tuple[int, bool]:
            self.look()
            return choose(running)

        interleave(actors, watched)


@contextmanager
def hot(shards: int, units: int) -> Iterator[Hot]:
    with inventory_on_moto() as inventory, patch("shopkit.backoff.time.sleep"):
        inventory.hot("mug", shards=shards, units=units)
        yield Hot(inventory, units)


def chosen(data: st.DataObject, *, deadly: bool = True) -> Choose:
    def choose(running: int) -> tuple[int, bool]:
        return data.draw(st.integers(0, running - 1)), deadly and data.draw(st.integers(0, 11)) == 11

    return choose


def everything_at_once(
    data: st.DataObject, shards: int, units: int, wanted: tuple[int, int], ending: tuple[str, ...], then: int
) -> None:
    with hot(shards, units) as mug:
        actors = [
            mug.buys("ord_1", wanted[0]),
            mug.buys("ord_1", wanted[0]),
            mug.buys("ord_2", wanted[1]),
            mug.ends("ord_1", *ending),
            mug.restocks(1),
            mug.spreads(then),
        ]
        mug.race(chosen(data), *actors)
        assert_nothing_is_wrong(mug.inventory)
        for act in actors:  # whoever started them tries again, as checkout and streams do
            mug.look()
            act()
        mug.ends("ord_2", "CONFIRMED", "CANCELLED")()
        assert_nothing_is_wrong(mug.inventory)
        assert mug.inventory.books("mug").reserved == 0
        assert mug.inventory.books("mug").restocked == units + 1
        for order_id, units_wanted in zip(("ord_1", "ord_2"), wanted, strict=True):
            if mug.answers[order_id] == "out of stock":
                assert mug.least < units_wanted, "refused what was there all the time"


def moving(data: st.DataObject, shards: int, then: int, units: int) -> None:
    """Counting the rows one after the other would miss units that move."""
    with hot(shards, units) as mug:
        mug.race(chosen(data, deadly=False), mug.buys("ord_1", units), mug.spreads(then), mug.spreads(shards))
        if mug.inventory.books("mug").reserved == 0 and "ord_1" not in mug.answers:
            mug.buys("ord_1", units)()
        assert mug.answers["ord_1"] == "reserved"
        assert_nothing_is_wrong(mug.inventory)


def last_units(data: st.DataObject, shards: int, buyers: list[int]) -> None:
    units = 4
    with hot(shards, units) as mug:
        orders = {f"ord_{number}": wanted for number, wanted in enumerate(buyers)}
        mug.race(chosen(data), *(mug.buys(order_id, wanted) for order_id, wanted in orders.items()))
        for order_id, wanted in orders.items():
            mug.buys(order_id, wanted)()
        assert_nothing_is_wrong(mug.inventory)
        sold = sum(wanted for order_id, wanted in orders.items() if mug.answers[order_id] == "reserved")
        refused = [wanted for order_id, wanted in orders.items() if mug.answers[order_id] == "out of stock"]
        assert sold == mug.inventory.books("mug").reserved <= units
        assert all(units - sold < wanted for wanted in refused)


RACES: dict[str, tuple[Callable[..., None], dict[str, st.SearchStrategy[Any]]]] = {
    "everything at once leaves the stock right": (
        everything_at_once,
        {
            "data": st.data(),
            "shards": st.integers(2, 4),
            "units": st.integers(1, 6),
            "wanted": st.tuples(st.integers(1, 4), st.integers(1, 4)),
            "ending": st.sampled_from([("CONFIRMED",), ("CANCELLED",), ("CONFIRMED", "CANCELLED")]),
            "then": st.integers(1, 4),
        },
    ),
    "whoever wants all units gets them while they move": (
        moving,
        {"data": st.data(), "shards": st.integers(2, 4), "then": st.integers(1, 4), "units": st.integers(2, 6)},
    ),
    "buyers of the last units get every one of them": (
        last_units,
        {
            "data": st.data(),
            "shards": st.integers(2, 8),
            "buyers": st.lists(st.integers(1, 2), min_size=2, max_size=5),
        },
    ),
}


def explore(name: str, examples: int, **options: Any) -> None:
    race, choices = RACES[name]
    settings(max_examples=examples, deadline=None, **options)(given(**choices)(race))()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RACES)
def test_scenario_23_of_a_hot_product(name: str) -> None:
    explore(name, 12)


# ── Planted faults ────────────────────────────────────────────────────────────────────────────────────────────────────


BUGS = [
    Bug(
        "units of several rows are not gathered",
        edit(store._rerouted, "stock.total.available >= line.quantity", "False"),
    ),
    Bug(
        "the first row's refusal is final",
        edit(store._rerouted, "find_stock(line.sku) if _is_hot(line.sku) else None", "None"),
    ),
    Bug(
        "a release goes to the product's own row",
        edit(store._movements, "rows.get(line.sku)", "0 if movement.reserved < 0 else rows.get(line.sku)"),
    ),
    Bug("units are taken from a row without looking", edit(store._movement, "if by < 0]", "if by < -99]")),
    Bug(
        "a restock is booked without looking for an earlier one",
        edit(store._put, '"attribute_not_exists(pk)"', '"attribute_not_exists(nothing)"'),
    ),
    Bug(
        "a refusal believes rows that were read while units moved",
        edit(store._require_unchanged, "!= stock", "is None"),
    ),
    Bug("gathering makes units", edit(stock_rows.gathered, "row: -taken", "row: -taken + 1")),
    Bug(
        "levelling forgets the rows of an earlier number of shards",
        edit(
            stock_rows.levelled,
            "for number, row in enumerate(stock.rows)}",
            "for number, row in enumerate(stock.rows[:shards])}",
        ),
    ),
    Bug(
        "lowering the number of shards loses their rows",
        edit(domain._shards, "max(shards, before.stock_rows)", "shards"),
    ),
]


def hunt() -> None:
    for name in RACES:
        explore(name, 150, phases=[Phase.generate], derandomize=True, database=None)


# The daily loop plants the first ones.
PLANTED = [
    pytest.param(bug, id=bug.name, marks=pytest.mark.long if number > 3 else ()) for number, bug in enumerate(BUGS)
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    with bug.plant(), pytest.raises((AssertionError, ExceptionGroup)):
        hunt()
