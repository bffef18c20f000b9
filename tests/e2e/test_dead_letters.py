"""Nothing is lost when something is down or cannot be understood: it is set aside, and goes back once all is well."""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.support.desk import Desk
from tests.support.eventually import eventually, until
from tests.support.faults import events_of, held_back, seen_again_soon, without_permission
from tests.support.quiet import quiet
from tests.support.shop import Goods, NothingCharged, Person, RunningShop, taken

pytestmark = pytest.mark.e2e

BOUGHT = [
    *("OrderPlaced", "StockReserved", "PaymentAuthorized", "PaymentCaptured", "OrderConfirmed", "StockCommitted"),
    *["NotificationSent"] * 2,
]


def test_an_event_outlives_a_consumer_that_is_down_beyond_its_retries(shop: RunningShop, desk: Desk) -> None:
    """Scenario 12."""
    mug = shop.sells(stock=1, price=1000)
    with without_permission(shop, "Order/CatalogueRole", "dynamodb:PutItem"):
        with seen_again_soon(shop, "Order/CatalogueQueue"):
            shop.prices(mug, 1500)
            letter = desk.letter("Order/CatalogueDeadLetters")

        assert letter["type"] == "ProductUpdated"
        assert json.loads(letter["body"])["detail"]["data"]["price"]["amount"] == 1500
        assert "AccessDenied" in letter["error"]
        assert (shop.known(mug) or {})["price"]["amount"] == 1000

    assert desk.types("dlq", "redrive", "CatalogueDeadLetters")["redriven"] == 1

    eventually(lambda: (shop.known(mug) or {})["price"]["amount"], 1500)
    assert desk.counts("Order/CatalogueDeadLetters") == 0


def test_an_order_whose_checkout_could_not_start_is_checked_out_by_a_redrive(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 12."""
    mug = shop.sells(stock=1, price=1000)
    with without_permission(shop, "Workflows/CheckoutOrderPlacedRole", "states:StartExecution"):
        order = customer.orders(mug)
        letter = desk.letter("Workflows/DeadLetters")
    assert (letter["type"], letter["orders"]) == ("OrderPlaced", [order.id])
    assert letter["error"].startswith("NO_PERMISSIONS")
    eventually(lambda: order.charge, NothingCharged())

    assert desk.types("dlq", "redrive", "--all", "--order", "another")["redriven"] == 0
    assert desk.types("dlq", "redrive", "--all", "--order", order.id)["redriven"] == 1

    order.becomes("CONFIRMED")
    assert order.charge == taken(1000)


def test_while_the_bus_is_down_the_outbox_keeps_everything(shop: RunningShop, customer: Person) -> None:
    """Scenario 12."""
    mug = shop.sells(stock=3, price=1000)
    earlier = relays_that_failed(shop)
    with without_permission(shop, "Order/RelayRole", "events:PutEvents"):
        orders = [customer.orders(mug) for _ in range(3)]
        until(lambda: relays_that_failed(shop), lambda failed: failed > earlier + 1, "a relay that fails and fails")
        assert [order.story for order in orders] == [[], [], []]

    for order in orders:
        order.becomes("CONFIRMED")
        order.await_story(*BOUGHT)


def relays_that_failed(shop: RunningShop) -> int:
    return shop.times_logged("Order/Logs", "events not published")


def test_of_a_batch_of_ten_whose_fourth_is_poison_nine_are_applied_once(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 13."""
    mug = shop.sells(stock=2)
    queue = shop.table("Order/TimelineQueue")
    with seen_again_soon(shop, "Order/TimelineQueue", 2):
        with held_back(shop, "Order/RecordTimeline"):
            orders = [customer.orders(mug) for _ in range(2)]
            for order in orders:
                order.becomes("CONFIRMED")
            events = all_in(shop, queue, len(BOUGHT) * 2)
            batch = [*events[:3], "poison", *events[3:9]]
            for body in (*batch, *events[9:]):
                shop.aws("sqs").send_message(QueueUrl=queue, MessageBody=body)
        for order in orders:
            order.await_story(*BOUGHT)
        letter = desk.letter("Order/TimelineDeadLetters")

    assert letter["body"] == "poison"
    for body in events[:9]:
        assert shop.times_logged("Order/Logs", "consumed", json.loads(body)["detail"]["event_id"]) == 1
    desk.types("dlq", "drop", "Order/TimelineDeadLetters", letter["id"])


def all_in(shop: RunningShop, queue: str, number: int) -> list[str]:
    """Takes so many messages out of the queue, in their order."""
    sqs, bodies = shop.aws("sqs"), list[str]()

    def take() -> int:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
        return len(bodies)

    eventually(take, number)
    return bodies


def test_a_row_that_is_no_order_goes_to_the_failure_queue_and_the_stream_goes_on(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 14, DynamoDB."""
    dynamodb, table, key = shop.aws("dynamodb"), shop.table("Order/Orders"), {"pk": {"S": "order#garbage"}}
    mug = shop.sells(stock=1)
    dynamodb.put_item(TableName=table, Item={**key, "version": {"S": "none"}})
    dynamodb.delete_item(TableName=table, Key=key)
    order = customer.orders(mug)

    order.becomes("CONFIRMED")
    letter = desk.letter("Order/RelayFailures")
    assert letter["type"] == "INSERT order#garbage"
    assert letter["error"].startswith("ValidationError")

    code, said = desk.tries("dlq", "redrive", "Order/RelayFailures")
    assert (code, said["letters"][0]["problem"]) == (1, "it was set aside again")
    letter = desk.letter("Order/RelayFailures")
    desk.types("dlq", "drop", "Order/RelayFailures", letter["id"])


def test_a_record_that_its_reader_has_learnt_to_read_is_redriven(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 14: what was lost by it comes back."""
    order = customer.orders(shop.sells(stock=1))
    order.becomes("CONFIRMED")
    order.await_story(*BOUGHT)
    until(lambda: quiet(shop), bool, "a quiet shop")
    dynamodb, timeline = shop.aws("dynamodb"), shop.table("Order/Timeline")
    row = dynamodb.get_item(TableName=shop.table("Order/Orders"), Key={"pk": {"S": f"order#{order.id}"}})["Item"]
    lost = next(event for event in order.timeline if event["type"] == "OrderConfirmed")
    dynamodb.delete_item(
        TableName=timeline,
        Key={"order_id": {"S": order.id}, "at_event": {"S": f"{lost['at']}#{lost['event_id']}"}},
    )
    before = {**row, "status": {"S": "PLACED"}, "version": {"N": "1"}}
    record = {
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {"Keys": {"pk": row["pk"]}, "OldImage": before, "NewImage": row, "SequenceNumber": "1"},
    }
    shop.aws("sqs").send_message(
        QueueUrl=shop.table("Order/RelayFailures"), MessageBody=json.dumps({"error": "Poison: once", "record": record})
    )

    assert desk.types("dlq", "redrive", "Order/RelayFailures", "--order", order.id)["redriven"] == 1

    order.await_story(*BOUGHT)


def test_a_click_that_is_none_goes_to_the_failure_queue_and_the_others_count(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 14, Kinesis."""
    mug = shop.sells(stock=0)
    click(customer, mug)
    shop.aws("kinesis").put_record(StreamName=shop.table("Clickstream/Clicks"), Data=b"no click", PartitionKey="x")
    click(customer, mug)

    eventually(lambda: views(customer, mug), 2)
    letter = desk.letter("Clickstream/AggregateFailures")
    assert base64.b64decode(json.loads(letter["body"])["record"]["kinesis"]["data"]) == b"no click"
    assert letter["error"]
    desk.types("dlq", "drop", "Clickstream/AggregateFailures", letter["id"])


def click(customer: Person, goods: Goods) -> None:
    event = {
        "event_id": str(uuid.uuid4()),
        "session_id": str(uuid.uuid4()),
        "type": "view",
        "sku": goods.sku,
        "at": datetime.now(UTC).isoformat(),
    }
    assert customer.asks("POST", "clicks", json={"events": [event]}).status_code == 202


def views(customer: Person, goods: Goods) -> int:
    found = customer.asks("GET", "trending").json()["products"]
    return sum(one["views"] for one in found if one["sku"] == goods.sku)


def test_what_a_stream_gave_up_is_redriven_from_the_bucket(shop: RunningShop, customer: Person, desk: Desk) -> None:
    """Scenario 14, S3."""
    mug = shop.sells(stock=1, price=1000)
    with soon_given_up(shop, "Order/Relay"), without_permission(shop, "Order/RelayRole", "events:PutEvents"):
        order = customer.orders(mug)
        letter = desk.letter("FailureBucket")
    assert letter["orders"] == [order.id]
    assert letter["error"].startswith("RetryAttemptsExhausted")
    assert order.story == []

    assert desk.types("dlq", "redrive", "FailureBucket")["redriven"] == 1

    order.becomes("CONFIRMED")
    order.await_story(*BOUGHT)
    assert order.charge == taken(1000)
    assert desk.counts("FailureBucket") == 0


@contextmanager
def soon_given_up(shop: RunningShop, function: str) -> Iterator[None]:
    """The function's stream tries twice, instead of for half a day."""
    functions = shop.aws("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=shop.table(function))["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=1)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=-1)


def test_an_event_of_a_version_to_come_is_set_aside_and_its_new_fields_are_ignored(
    shop: RunningShop, customer: Person, desk: Desk
) -> None:
    """Scenario 32."""
    order = customer.orders(shop.sells(stock=1))
    order.becomes("CONFIRMED")
    order.await_story(*BOUGHT)
    (confirmed,) = (event for event in events_of(order) if event["detail-type"] == "OrderConfirmed")
    told = order.timeline
    with seen_again_soon(shop, "Clickstream/PurchasesQueue"):
        for detail in ({**confirmed["detail"], "mood": "good"}, {**confirmed["detail"], "version": 2}):
            shop.aws("sqs").send_message(
                QueueUrl=shop.table("Clickstream/PurchasesQueue"),
                MessageBody=json.dumps({**confirmed, "detail": detail}),
            )
        letter = desk.letter("Clickstream/PurchasesDeadLetters")

    assert letter["error"] == "UnknownVersion: OrderConfirmed version 2"
    assert "deploy" in letter["hint"]
    assert order.timeline == told
    desk.types("dlq", "drop", "PurchasesDeadLetters", letter["id"])
