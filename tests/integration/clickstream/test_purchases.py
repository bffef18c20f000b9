"""A confirmed order joins what was clicked with what was bought."""

from typing import Any

import pytest

from clickstream import purchases, store
from contracts.envelope import Envelope, envelop
from contracts.order import OrderConfirmed
from contracts.types import Money, OrderLine
from shopkit.optimistic import put_row
from tests.integration.clickstream.conftest import NOW, Clickstream, click
from tests.support.deliveries import returned, sqs_event


def confirmed(order_id: str, *skus: str) -> Envelope[Any]:
    lines = tuple(OrderLine(sku=sku, quantity=2, name=sku, unit_price=Money(amount=1)) for sku in skus)
    return envelop(
        OrderConfirmed(order_id=order_id, customer_id="customer", total=Money(amount=2), lines=lines),
        entity_id=order_id,
        entity_version=2,
        occurred_at=NOW,
        correlation_id=order_id,
    )


def deliver(*events: Envelope[Any]) -> list[str]:
    """The ids of the events that go back to the queue."""
    return returned(purchases.handler(sqs_event(*events), None))


def test_a_purchase_delivered_three_times_counts_once(clickstream: Clickstream) -> None:
    clickstream.post(*(click(i) for i in range(4)))
    clickstream.aggregate(clickstream.records())
    for _ in range(3):
        assert deliver(confirmed("ord_1", "tea", "cup"), confirmed("ord_2", "tea")) == []
    tea = clickstream.trend("tea")
    assert (tea["views"], tea["purchases"], tea["conversion"]) == (4, 2, 0.5)
    assert clickstream.trend("cup")["purchases"] == 1


def test_an_order_of_fifty_lines_is_counted_whole_even_if_the_answer_is_lost(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [f"sku{i}" for i in range(50)]
    event = confirmed("ord_1", *skus, skus[0])

    def lose_the_answer(*written: Any, **how: Any) -> None:
        put_row(*written, **how)
        raise RuntimeError

    with monkeypatch.context() as lost:
        lost.setattr(store, "put_row", lose_the_answer)
        assert deliver(event) == [str(event.event_id)]
    assert deliver(event) == []
    counted = {product["sku"]: product["purchases"] for product in clickstream.trending()[1]["products"]}
    assert counted == dict.fromkeys(skus, 1)
