"""The cost of an order is an estimate, counted from what it used at list prices."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.events import EVENTS
from deployed.checkouts import Checkout, Checkouts, Step
from deployed.cost import Estimate, estimate
from deployed.front_door import Event, Order
from deployed.meter import prices
from deployed.meter.prices import list_prices
from schemas.examples import example
from tests.support.front_door import order

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def estimated(*types: str, express: bool = False, runs: tuple[Checkout, ...] = ()) -> Estimate:
    examples = {type_.__name__: example(type_) for type_ in EVENTS}
    events = [
        Event(
            at=at(n),
            source=examples[name].source,
            type=name,
            event_id=str(examples[name].event_id),
            summary="",
            data=examples[name].data.model_dump(mode="json"),
        )
        for n, name in enumerate(types)
    ]
    return estimate(Order.model_validate(order()), events, Checkouts(express, runs), list_prices())


BOUGHT = ("OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted")


def test_the_cost_is_the_sum_of_what_was_used_at_list_prices() -> None:
    found = estimated(*BOUGHT)
    prices = list_prices().usd
    assert found.total == pytest.approx(sum(amount * prices[name] for name, amount in found.use.items()))
    assert found.use["api_gateway_rest_request"] == 1
    assert found.use["eventbridge_custom_event_64kb"] == len(BOUGHT)
    # Each event is sent to, received from and deleted from the timeline's queue; a confirmed one the purchases' too.
    assert found.use["sqs_request"] == 3 * (len(BOUGHT) + 1)
    assert 0.0001 < found.total < 0.001


def test_each_channel_that_tells_the_customer_costs() -> None:
    silent, one, two = (estimated(*BOUGHT, *["NotificationSent"] * times).use for times in range(3))
    assert [use["sqs_fifo_request"] for use in (silent, one, two)] == [0, 3, 6]
    assert one["sns_request"] == silent["sns_request"] == 2


def test_an_express_checkout_is_far_cheaper_and_retries_cost() -> None:
    standard, express = estimated(*BOUGHT), estimated(*BOUGHT, express=True)
    assert express.total < standard.total / 2
    step = Step("Authorize payment", NOON, at(1), 9, ())
    assert estimated(*BOUGHT, runs=(Checkout(NOON, "SUCCEEDED", (step,)),)).total > standard.total


@pytest.mark.parametrize("type_", [type_.__name__ for type_ in EVENTS])
def test_every_event_has_a_price(type_: str) -> None:
    assert estimated(type_).total > 0


def test_the_price_list_says_whence_and_of_when_it_is_and_holds_no_address() -> None:
    found = list_prices()
    assert found.source
    assert found.as_of
    assert "://" not in prices.PRICES.read_text()
