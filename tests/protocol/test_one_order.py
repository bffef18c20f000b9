"""One order under everything at once: checkouts, cancellation, review, reconciler, settlement, late calls, deaths,
outages, deliveries repeated and out of order. When it is over, money and stock are right."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.protocol.one_order import OneOrder, ended


def test_whatever_happens_to_an_order_money_and_stock_are_right(
    record_property: Callable[[str, object], None],
) -> None:
    """The same runs everywhere and every time; more of them with a larger max_examples."""
    ended.clear()
    run_state_machine_as_test(
        OneOrder,
        settings=settings(
            max_examples=200,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    ends = ", ".join(f"{number} {status}" for status, number in ended.most_common())
    record_property("figures", f"{ended.total()} lives of one order: {ends}")
    assert len(ended) >= 3, "lives that all end alike prove little"
