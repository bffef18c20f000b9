"""Settles a closed order's money again after the queue has given up, from its dead letter or its timeline."""

import json
import time
from typing import Any

from deployed.dead_letters.destinations import Source, ToSource
from deployed.dead_letters.places import QueuePlace
from deployed.dead_letters.redrive import redrive
from deployed.errors import CommandError
from deployed.queue_depth import attributes_of, depth_in
from deployed.stack import Stack
from shopkit.dynamodb import query

_CLOSING = ("OrderRejected", "OrderCancelled")
_POLL_SECONDS, _SLACK_SECONDS = 0.3, 15
_ENVELOPE = ("event_id", "version", "occurred_at", "correlation_id", "entity_version", "data")


def settle_again(stack: Stack, order_id: str) -> str:
    """Puts the order's closing event into the settle queue again, and returns where the event came from. Repeating this
    is safe. Raises CommandError if no event closed the order.

    The queue may still be about to make its last delivery and then bury the event. A dead letter that appears after the
    settlement would be left over, so this waits for the last delivery.
    """
    sqs, queue = stack.client("sqs"), stack.resources["Payment/SettleQueue"]
    dead_letters = QueuePlace(
        sqs,
        "Payment/SettleDeadLetters",
        stack.resources["Payment/SettleDeadLetters"],
        ToSource(sqs, [Source("Payment/SettleQueue", queue)]),
    )
    redriven = redrive(dead_letters, order=order_id)
    if not redriven:
        _await_last_delivery(sqs, queue)
        redriven = redrive(dead_letters, order=order_id)
    if problems := [outcome.problem for outcome in redriven if outcome.problem]:
        raise CommandError(f"Its dead letter could not be sent back: {problems[0]}")
    if redriven:
        return "its dead letter"
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(_closing_event(stack, order_id)))
    return "its timeline"


def _await_last_delivery(sqs: Any, queue: str) -> None:
    """Waits until the queue is empty, at most about as long as a message that keeps failing stays in it."""
    attributes = attributes_of(sqs, queue)
    deliveries = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    deadline = time.monotonic() + deliveries * int(attributes["VisibilityTimeout"]) + _SLACK_SECONDS
    while depth_in(attributes_of(sqs, queue)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _closing_event(stack: Stack, order_id: str) -> dict[str, Any]:
    timeline = stack.resources["Order/Timeline"]
    for row in query(stack.client("dynamodb"), timeline, "order_id = :order_id", {":order_id": order_id}):
        if row["type"] in _CLOSING:
            return {
                "source": row["source"],
                "detail-type": row["type"],
                "detail": {name: row[name] for name in _ENVELOPE},
            }
    raise CommandError(f"{order_id} was neither rejected nor cancelled: there is nothing to settle.")
