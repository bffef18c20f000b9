"""AWS delivers at least once and in no order: what comes again, or in another order, changes nothing."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.books import books
from tests.support.eventually import eventually, until
from tests.support.faults import Event, deliver, events_of
from tests.support.quiet import quiet
from tests.support.shop import Order, Person, RunningShop

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("checkout")]

SEED = 20
ORDERED_EVENTS = {"OrderPlaced", "OrderHeldForReview", "OrderConfirmed", "OrderRejected", "OrderCancelled"}


def one_of_each_ending(shop: RunningShop, customer: Person, operator: Person) -> list[Order]:
    """Orders that ended in every way, once all is quiet."""
    mug, nothing = shop.sells_each([20, 0])
    cancelled, approved, refused = (customer.orders(mug, paying_with=card) for card in ("pm_visa", *["pm_review"] * 2))
    others = [customer.orders(mug, paying_with=card) for card in ("pm_visa", "pm_declined", "pm_capture_fails")]
    others.append(customer.orders(nothing))
    cancelled.becomes("CONFIRMED")
    customer.cancels(cancelled)
    for order, decision in ((approved, "approve"), (refused, "reject")):
        order.becomes("AWAITING_REVIEW")
        operator.reviews(order, decision)
    orders = [cancelled, approved, refused, *others]
    until(lambda: quiet(shop), bool, "a quiet shop")
    return orders


def tell_customers_again(shop: RunningShop, events: list[Event]) -> None:
    """The ordered topic's own redelivery: the same events under other de-duplication ids."""
    for event in events:
        if event["detail-type"] in ORDERED_EVENTS:
            shop.aws("sns").publish(
                TopicArn=shop.table("Order/OrderUpdates"),
                Message=json.dumps(event),
                MessageGroupId=event["detail"]["correlation_id"],
                MessageDeduplicationId=str(uuid.uuid4()),
                MessageAttributes={"type": {"DataType": "String", "StringValue": event["detail-type"]}},
            )


def test_every_event_delivered_three_times_in_any_order_leaves_the_state_of_once(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    """Scenarios 9 and 10."""
    orders = one_of_each_ending(shop, customer, operator)
    events = [event for order in orders for event in events_of(order)]
    before = books(shop)

    deliver(shop, events)
    deliver(shop, reversed(events))
    shuffled = random.Random(SEED).sample(events, len(events))
    deliver(shop, shuffled)
    tell_customers_again(shop, shuffled)

    until(lambda: quiet(shop), bool, "a quiet shop")
    assert books(shop) == before


def test_a_replay_of_the_archive_charges_mails_and_moves_nothing(
    shop: RunningShop, customer: Person, operator: Person
) -> None:
    """Scenario 16."""
    since = datetime.now(UTC) - timedelta(seconds=1)
    one_of_each_ending(shop, customer, operator)
    before = books(shop)

    replay = start_replay(shop, since)

    until(lambda: replay_of(shop, replay)["State"], lambda now: now in {"COMPLETED", "FAILED"}, "a finished replay")
    assert replay_of(shop, replay)["State"] == "COMPLETED"
    until(lambda: quiet(shop), bool, "a quiet shop")
    assert books(shop) == before


def start_replay(shop: RunningShop, since: datetime) -> str:
    events, name = shop.aws("events"), f"replay-{uuid.uuid4().hex[:8]}"
    bus = events.describe_event_bus(Name=shop.table("Bus"))["Arn"]
    events.start_replay(
        ReplayName=name,
        EventSourceArn=events.describe_archive(ArchiveName=shop.table("Archive"))["ArchiveArn"],
        EventStartTime=since,
        EventEndTime=datetime.now(UTC) + timedelta(seconds=1),
        Destination={"Arn": bus},
    )
    return name


def replay_of(shop: RunningShop, name: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.aws("events").describe_replay(ReplayName=name)
    return found


def test_an_older_price_that_comes_late_changes_nothing(shop: RunningShop) -> None:
    """Scenario 33."""
    mug = shop.sells(stock=1, price=1000)
    first = shop.known(mug)
    shop.prices(mug, 2000)
    newest = until(lambda: shop.known(mug), lambda known: known != first, "the new price")

    deliver(shop, [product_updated(first, version) for version in (1, 1, 1)])

    marker = shop.sells(stock=0)
    eventually(lambda: bool(shop.known(marker)), True)
    assert shop.known(mug) == newest


def product_updated(known: dict[str, Any] | None, version: int) -> Event:
    assert known
    return {
        "source": "shop.inventory",
        "detail-type": "ProductUpdated",
        "detail": {
            "event_id": str(uuid.uuid4()),
            "version": 1,
            "occurred_at": "2026-01-01T00:00:00.000000Z",
            "correlation_id": known["sku"],
            "entity_version": version,
            "data": {"sku": known["sku"], "name": "Old", "price": {"amount": 1, "currency": "USD"}},
        },
    }
