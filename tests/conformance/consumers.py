"""What reads each transport: the shop's own helpers, around one thing to do. Runs as functions on the embedded AWS."""

import base64
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3

from contracts.envelope import opened
from contracts.order import OrderCancelled
from shopkit.consumer import Delivery, consumer
from shopkit.streams import Change, retry_from, set_aside, stream_consumer


class NotYet(Exception):
    """Something is down for a moment."""


def apply(event_id: str, key: str, number: str) -> None:
    """Counts an event once by its id and notes it. `flaky` ones fail once before."""
    folder = Path(os.environ["FOLDER"])
    with (folder / "attempts").open("a") as attempts:
        attempts.write(f"{event_id}\n")
    before = (folder / "attempts").read_text().splitlines().count(event_id)
    if number.startswith("flaky") and before == 1:
        raise NotYet
    dynamodb = boto3.client("dynamodb")
    try:
        dynamodb.put_item(
            TableName=os.environ["COUNTED"],
            Item={"id": {"S": event_id}},
            ConditionExpression="attribute_not_exists(id)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return
    with (folder / "applied").open("a") as applied:
        applied.write(json.dumps({"id": event_id, "key": key, "number": number, "at": time.time()}) + "\n")


def _published(published: Any) -> None:
    event = opened(published, OrderCancelled)
    assert isinstance(event.data, OrderCancelled)
    apply(str(event.event_id), event.correlation_id, event.data.reason)


def _delivered(delivery: Delivery) -> None:
    _published(delivery.message)


queue = consumer(OrderCancelled)(_delivered)
fifo_queue = consumer(OrderCancelled, fifo=True)(_delivered)


@stream_consumer
def table_stream(change: Change) -> None:
    if change.new is None:
        return
    try:
        apply(change.new["event_id"], change.new["order"], change.new["number"])
    except KeyError as error:
        raise ValueError(f"no event: {error}") from error


def kinesis_stream(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    for record in event["Records"]:
        try:
            _record(record, record["kinesis"]["data"])
        except NotYet:
            return dict(retry_from(record["kinesis"]["sequenceNumber"]))
    return dict(retry_from(None))


def kafka_topic(event: dict[str, Any], _context: Any) -> None:
    for record in _flat(event["records"].values()):
        _record(record, record["value"])


def _record(record: dict[str, Any], data: str) -> None:
    try:
        _published(json.loads(base64.b64decode(data)))
    except (ValueError, KeyError, TypeError) as error:
        set_aside(record, ValueError(repr(error)))


def _flat(partitions: Iterable[list[dict[str, Any]]]) -> Iterable[dict[str, Any]]:
    return (record for records in partitions for record in records)
