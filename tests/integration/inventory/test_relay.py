"""What happens to the stock reaches the bus."""

import json

import pytest

from contracts.envelope import opened
from contracts.events import EVENTS
from inventory import relay
from shopkit.aws import client
from tests.support.inventory import Inventory


@pytest.fixture
def bus(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> str:
    """A queue behind a bus: everything that arrives there."""
    events, sqs = client("events"), client("sqs")
    url = sqs.create_queue(QueueName="everything")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="shop")
    events.put_rule(Name="all", EventBusName="shop", EventPattern='{"source": ["shop.inventory"]}')
    events.put_targets(Rule="all", EventBusName="shop", Targets=[{"Id": "queue", "Arn": arn}])
    monkeypatch.setenv("BUS_NAME", "shop")
    return url


def test_every_change_arrives_once_as_an_event_of_the_contract(inventory: Inventory, bus: str) -> None:
    inventory.stock(mug=12)
    inventory.reserve("ord_1", mug=3)
    inventory.order_became("ord_1", "CONFIRMED")
    assert relay.handler({"Records": inventory.stream()}, None) == {"batchItemFailures": []}
    arrived = []
    while messages := client("sqs").receive_message(QueueUrl=bus, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            arrived.append(opened(json.loads(message["Body"]), *EVENTS))
            client("sqs").delete_message(QueueUrl=bus, ReceiptHandle=message["ReceiptHandle"])
    assert sorted((event.type, event.correlation_id) for event in arrived) == [
        ("ProductUpdated", "mug"),
        ("StockCommitted", "ord_1"),
        ("StockLow", "mug"),
        ("StockReserved", "ord_1"),
    ]
    assert {event.source for event in arrived} == {"shop.inventory"}
