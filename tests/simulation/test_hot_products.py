"""Several rows bear more buyers of one product than one row does."""

from collections.abc import Callable

from tests.simulation.hot_products import rush, table_of
from tests.simulation.people import People
from tests.simulation.simulation import new_simulation
from tests.simulation.stories import hot_product
from tests.simulation.verdict import faults


def test_eight_rows_have_fewer_conflicts_than_one(record_property: Callable[[str, object], None]) -> None:
    one, eight = (rush(buyers=30, shards=shards, purchases=3) for shards in (1, 8))
    for result in (one, eight):
        conflicts, tries = result.conflicts / result.sales, result.tries / result.sales
        record_property(
            "figures",
            f"30 buyers, rows: {result.shards}; {conflicts:.2f} conflicts and {tries:.2f} tries per sale",
        )
        assert result.sales == 90
    assert eight.conflicts < one.conflicts / 2
    assert eight.seconds < one.seconds / 2
    assert table_of([one, eight]).row_count == 2


def test_one_buyer_costs_one_transaction_per_sale() -> None:
    assert rush(buyers=1, shards=1, purchases=5).tries == 5


def test_a_rush_is_repeatable() -> None:
    assert rush(buyers=5, shards=2, purchases=2) == rush(buyers=5, shards=2, purchases=2)


def test_the_audit_agrees_with_a_hot_product() -> None:
    with new_simulation() as shop:
        hot_product(People(shop))
        assert faults(shop) == []
