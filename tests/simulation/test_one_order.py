"""One order under everything at once: checkouts, cancellation, review, reconciler, settlement, late calls, deaths,
outages, deliveries repeated and out of order. When it is over, money and stock are right."""

from collections.abc import Callable

from tests.simulation.one_order import ended, live


def test_whatever_happens_to_an_order_money_and_stock_are_right(
    record_property: Callable[[str, object], None],
) -> None:
    ended.clear()
    live(400)
    ends = ", ".join(f"{number} {status}" for status, number in ended.most_common())
    record_property("figures", f"{ended.total()} lives of one order: {ends}")
    assert {"CONFIRMED", "REJECTED", "CANCELLED"} <= set(ended), "lives that all end alike prove little"
