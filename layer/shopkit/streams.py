"""A Lambda function behind a DynamoDB stream: in order, stopping at the first failure, poison set aside whole."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shopkit.aws import client
from shopkit.dynamodb import from_item
from shopkit.telemetry import logger, tracer

type Image = dict[str, Any]
type LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Change:
    """One committed write: the item before (None when it was new) and after (None when it was deleted)."""

    sequence_number: str
    old: Image | None
    new: Image | None


class Poison(ValueError):
    """A record that no retry can make understandable."""


def stream_consumer(apply: Callable[[Change], None]) -> LambdaHandler:
    """A handler that applies each change. What it cannot understand (ValueError) goes to the failure queue; any other
    failure is retried from that record on, so that order within the shard holds."""

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        for record in event["Records"]:
            try:
                apply(change_of(record))
            except ValueError as error:
                set_aside(record, error)
            except Exception:  # noqa: BLE001
                logger.exception("stream record failed, will be retried")
                return retry_from(record["dynamodb"]["SequenceNumber"])
        logger.info("stream batch applied", records=len(event["Records"]))
        return retry_from(None)

    return tracer.capture_lambda_handler(handler, capture_response=False)


def change_of(record: Mapping[str, Any]) -> Change:
    """Raises Poison for what is no stream record with both images."""
    try:
        images = record["dynamodb"]
        old, new = images.get("OldImage"), images.get("NewImage")
        return Change(
            sequence_number=images["SequenceNumber"],
            old=from_item(old) if old else None,
            new=from_item(new) if new else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Poison(f"not a stream record: {error}") from error


def set_aside(record: Mapping[str, Any], error: Exception) -> None:
    """Keeps the whole record where an operator can see and redrive it; the shard goes on."""
    logger.error("poison record set aside", error=str(error))
    client("sqs").send_message(
        QueueUrl=os.environ["FAILURE_QUEUE_URL"],
        MessageBody=json.dumps({"error": f"{type(error).__name__}: {error}"[:1000], "record": record}, default=str),
    )


def retry_from(sequence_number: str | None) -> dict[str, Sequence[dict[str, str]]]:
    """The partial batch response: everything before `sequence_number` is done."""
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}] if sequence_number else []}
