"""Settling a closed order's money again, after the queue gave up: from its dead letter, or from its timeline."""

import json
from collections.abc import Iterator
from typing import Any

from cli.context import Stack
from cli.errors import CommandError
from shopkit.dynamodb import from_item

_CLOSING = ("OrderRejected", "OrderCancelled")
_ENVELOPE = ("event_id", "version", "occurred_at", "correlation_id", "entity_version", "data")
_LOOK_SECONDS = 20


def settle_again(stack: Stack, order_id: str) -> str:
    """Puts the order's closing event into the settle queue once more, which is safe however often it is done; answers
    where it came from. Raises CommandError for an order that no event closed."""
    sqs = stack.client("sqs")
    queue, dead_letters = stack.resources["Payment/SettleQueue"], stack.resources["Payment/SettleDeadLetters"]
    letters = [letter for letter in _letters(sqs, dead_letters) if _order_of(letter) == order_id]
    for letter in letters:
        # Sent before it is deleted: a crash in between leaves two, and settling twice changes nothing.
        sqs.send_message(QueueUrl=queue, MessageBody=letter["Body"])
        sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=letter["ReceiptHandle"])
    if letters:
        return "its dead letter"
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(_closing_event(stack, order_id)))
    return "its timeline"


def _letters(sqs: Any, dead_letters: str) -> Iterator[dict[str, Any]]:
    """Every message there, each once; what is not deleted can be seen again after a moment."""
    seen: set[str] = set()
    while True:
        found = sqs.receive_message(
            QueueUrl=dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=_LOOK_SECONDS, WaitTimeSeconds=1
        ).get("Messages", [])
        fresh = [message for message in found if message["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        yield from fresh


def _order_of(letter: dict[str, Any]) -> str | None:
    try:
        order_id: str = json.loads(letter["Body"])["detail"]["data"]["order_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return order_id


def _closing_event(stack: Stack, order_id: str) -> dict[str, Any]:
    pages = (
        stack.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=stack.resources["Order/Timeline"],
            KeyConditionExpression="order_id = :order_id",
            ExpressionAttributeValues={":order_id": {"S": order_id}},
        )
    )
    for row in (from_item(item) for page in pages for item in page["Items"]):
        if row["type"] in _CLOSING:
            return {
                "source": row["source"],
                "detail-type": row["type"],
                "detail": {name: row[name] for name in _ENVELOPE},
            }
    raise CommandError(f"{order_id} was neither rejected nor cancelled: there is nothing to settle.")
