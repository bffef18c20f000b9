"""Orders are spread over the keys of their indexes, and whoever reads them cannot tell: pages of any size, whatever
shards their orders are in, follow each other without gap or repetition, newest first."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order import store
from order.domain import Order, order_id
from shopkit import shards
from shopkit.paging import next_cursor
from tests.support.api_gateway import OPERATOR
from tests.support.orders import Orders, orders_on_moto
from tests.unit.order.orders import NOW, an_order

# Seconds since NOW: so few that many orders are placed at the same moment.
moments = st.integers(0, 4)
counts = st.integers(1, store.MOST_KEY_SHARDS)
placements = st.lists(st.tuples(moments, counts), max_size=25)
sizes = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def add(number: int, second: int, key_shards: int) -> Order:
    """Places an order as a shop with that many shards does."""
    id_ = order_id("a shop", "ann", f"key-{number}", 0)
    order = an_order(order_id=id_, placed_at=NOW + timedelta(seconds=second))
    with patch.dict("os.environ", KEY_SHARDS=str(key_shards)):
        store.add(order)
    return order


def pages(sizes: Sequence[int]) -> Iterator[list[Order]]:
    after: shards.Position | None = None
    for size in (*sizes, *[max(sizes)] * 60):
        found, after = store.newest(None, size, after)
        assert len(found) <= size
        yield found
        if after is None:
            return
    raise AssertionError("the pages never end")


def in_order(found: Sequence[Order]) -> bool:
    times = [order.placed_at for order in found]
    return times == sorted(times, reverse=True)


@given(placements, sizes)
@settings(max_examples=25, deadline=None)
def test_pages_concatenate_to_the_sorted_whole(placed: list[tuple[int, int]], sizes: list[int]) -> None:
    """Each order may have been placed under another number of shards: it was raised and lowered."""
    with orders_on_moto():
        orders = [add(number, second, count) for number, (second, count) in enumerate(placed)]
        seen = [order for page in pages(sizes) for order in page]
        assert in_order(seen)
        assert sorted(order.order_id for order in seen) == sorted(order.order_id for order in orders)


@given(placements, sizes, st.lists(counts, max_size=10))
@settings(max_examples=25, deadline=None)
def test_orders_that_are_placed_between_pages_change_no_later_page(
    placed: list[tuple[int, int]], sizes: list[int], later: list[int]
) -> None:
    """They are newer than all others, in any shard: also in one that no page has reached, or that is new."""
    with orders_on_moto():
        orders = [add(number, second, count) for number, (second, count) in enumerate(placed)]
        seen: list[Order] = []
        for page in pages(sizes):
            seen += page
            if later:
                add(1000 + len(later), 100 + len(seen), later.pop())
        assert in_order(seen)
        assert sorted(order.order_id for order in seen) == sorted(order.order_id for order in orders)


@given(placements)
@settings(max_examples=15, deadline=None)
def test_the_reconciler_finds_every_open_order_oldest_first(placed: list[tuple[int, int]]) -> None:
    with orders_on_moto():
        orders = [add(number, second, count) for number, (second, count) in enumerate(placed)]
        found = list(store.open_since_before(NOW + timedelta(seconds=3)))
        assert in_order(found[::-1])
        due = [order for order in orders if order.placed_at < NOW + timedelta(seconds=3)]
        assert sorted(order.order_id for order in found) == sorted(order.order_id for order in due)


def test_a_shop_whose_number_of_shards_changes_shows_every_order_and_its_cursors_stay_valid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with orders_on_moto() as orders:
        ids = []
        for number, count in enumerate((1, 1, 8, 8, 4, 2, 1)):
            monkeypatch.setenv("KEY_SHARDS", str(count))
            ids.append(orders.placed(key=f"key-{number}"))
            orders.clock.forward(timedelta(seconds=1))
        first = orders.page(OPERATOR, limit="3").body
        monkeypatch.setenv("KEY_SHARDS", "8")
        for number in range(7, 12):
            orders.placed(key=f"key-{number}")
        second = orders.page(OPERATOR, limit="100", cursor=first["next_cursor"]).body
        assert [order["order_id"] for order in first["orders"] + second["orders"]] == ids[::-1]
        assert second["next_cursor"] is None


@pytest.mark.parametrize("made_up", ["ord_x@99", "@", "ord_x@-1 @@", "ord_x@٣", "…@1"])
def test_a_cursor_that_somebody_made_up_breaks_nothing(made_up: str) -> None:
    with orders_on_moto() as orders:
        placed = orders.placed()
        cursor = {"cursor": next_cursor(["9999-12-31T23:59:59.999999Z", made_up])}
        assert [order["order_id"] for order in orders.page(OPERATOR, **cursor).body["orders"]] == [placed]


def test_a_changed_order_keeps_its_shard() -> None:
    """The index would otherwise show it twice, or not at all, for a moment."""
    with orders_on_moto() as orders, patch.dict("os.environ", KEY_SHARDS="8"):
        ids = [orders.placed(key=f"key-{number}") for number in range(8)]
        before = {id_: _listed(orders, id_) for id_ in ids}
        assert len(set(before.values())) > 1
        with patch.dict("os.environ", KEY_SHARDS="1"):
            for id_ in ids:
                orders.cancel(id_)
        assert {id_: _listed(orders, id_) for id_ in ids} == before


# ── The tests notice ──────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _planted(name: str, wrong: object) -> Iterator[None]:
    with patch.object(shards, name, wrong):
        yield


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("shown", lambda _after: {}),
        ("keys_of", lambda value, _shards: [value]),
        ("newest_of", lambda found, limit, *, time: [(n, row) for n, rows in enumerate(found) for row in rows][:limit]),
        ("position", lambda taken, _after, *, time, id_: (taken[-1][1][time], taken[-1][1][id_])),
    ],
    ids=["ties are shown again", "one shard is read", "nothing is merged", "one cursor for all shards"],
)
def test_a_planted_fault_is_noticed(name: str, wrong: object) -> None:
    with orders_on_moto():
        orders = [add(number, number % 3, 8) for number in range(24)]
        with _planted(name, wrong), pytest.raises(AssertionError):
            assert_all_are_shown(orders)


def assert_all_are_shown(orders: Sequence[Order]) -> None:
    seen = [order for page in pages([5]) for order in page]
    assert in_order(seen)
    assert sorted(order.order_id for order in seen) == sorted(order.order_id for order in orders)


def _listed(orders: Orders, id_: str) -> str:
    row = store.find_row(id_)
    assert row
    return str(row["all_orders"])
