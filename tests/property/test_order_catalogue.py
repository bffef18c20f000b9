"""Scenarios 10 and 33: news of products in any order, any number of times, end in the newest prices."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order import catalogue, store
from tests.support.orders import Orders, deliver, orders_on_moto, updated

_fresh = count()


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with orders_on_moto() as orders:
        yield orders


@st.composite
def news(draw: st.DrawFn) -> list[tuple[str, int]]:
    """(product, version), each at least once, shuffled and repeated."""
    versions = {sku: draw(st.integers(1, 4)) for sku in ("A", "B")}
    once = [(sku, version) for sku, newest in versions.items() for version in range(1, newest + 1)]
    return draw(st.permutations(once + draw(st.lists(st.sampled_from(once), max_size=4))))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(news())
def test_the_replica_converges_to_the_newest(orders: Orders, arrivals: list[tuple[str, int]]) -> None:
    run = next(_fresh)
    batch = [updated(f"{sku}-{run}", price=version * 100, version=version) for sku, version in arrivals]
    assert deliver(catalogue.handler, *batch) == []
    known = store.catalogue({event.data.sku for event in batch})
    newest = {f"{sku}-{run}": max(version for each, version in arrivals if each == sku) for sku, _ in arrivals}
    assert {sku: (entry.version, entry.price.amount) for sku, entry in known.items()} == {
        sku: (version, version * 100) for sku, version in newest.items()
    }
