"""A Lambda function behind a DynamoDB stream: in order, stopping at the first failure, poison set aside."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shopkit.aws import client
from shopkit.dynamodb import from_item
from shopkit.telemetry import logger, tracer
from shopkit.types import Image, LambdaHandler

# A message of SQS (API reference, SendMessage), in JSON that is ASCII; and how much of a text tells what it is about.
_MOST_BYTES = 1024 * 1024
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Change:
    """One committed write: the item before (None when it was new) and after (None when it was deleted)."""

    sequence_number: str
    old: Image | None
    new: Image | None


class Poison(ValueError):
    """A record that no retry can make understandable."""


@contextmanager
def understanding(what: str) -> Iterator[None]:
    """Around whatever only reads a record. What reading can raise where data is not as it must be becomes Poison, so
    that it is set aside; everything else is the code's fault or AWS's, and is retried."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Poison(f"not {what}: {error!r}") from error


def stream_consumer(apply: Callable[[Change], None], *, keeps: frozenset[str] | None = None) -> LambdaHandler:
    """A handler that applies each change. What it cannot understand (ValueError) goes to the failure queue; any other
    failure is retried from that record on, so that order within the shard holds.

    `keeps` are the attributes that are set aside, for a reader that was promised no more of somebody else's rows; all
    by default.
    """

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        for record in event["Records"]:
            try:
                apply(change_of(record))
            except ValueError as error:
                set_aside(projected(record, keeps), error)
            except Exception:  # noqa: BLE001
                logger.exception("stream record failed, will be retried")
                return retry_from(record["dynamodb"]["SequenceNumber"])
        logger.info("stream batch applied", records=len(event["Records"]))
        return retry_from(None)

    return tracer.capture_lambda_handler(handler, capture_response=False)


def change_of(record: Mapping[str, Any]) -> Change:
    """Raises Poison, or ValueError of another kind, for what is no stream record with both images."""
    with understanding("a stream record"):
        images = record["dynamodb"]
        old, new = images.get("OldImage"), images.get("NewImage")
        return Change(
            sequence_number=images["SequenceNumber"],
            old=from_item(old) if old else None,
            new=from_item(new) if new else None,
        )


def projected(record: Mapping[str, Any], keeps: frozenset[str] | None) -> Mapping[str, Any]:
    """The record with only these attributes in its images (all with None); its keys stay."""
    if keeps is None:
        return record
    change = record.get("dynamodb")
    change = change if isinstance(change, dict) else {}
    images = {
        name: {key: value for key, value in change[name].items() if key in keeps}
        for name in ("OldImage", "NewImage")
        if isinstance(change.get(name), dict)
    }
    rest = {name: value for name, value in change.items() if name not in ("OldImage", "NewImage")}
    return {**record, "dynamodb": {**rest, **images}}


def set_aside(record: Mapping[str, Any], error: Exception) -> None:
    """Keeps the record where an operator can see and redrive it; the shard goes on. Of a record that no queue can take,
    such as one of a megabyte in a topic, enough to find it where it came from."""
    logger.error("poison record set aside", error=str(error))
    why = f"{type(error).__name__}: {error}"[:1000]
    letter = json.dumps({"error": why, "record": record}, default=str)
    if len(letter) > _MOST_BYTES:
        letter = json.dumps({"error": why, "record": _shortened(record)}, default=str)
    client("sqs").send_message(QueueUrl=os.environ["FAILURE_QUEUE_URL"], MessageBody=letter)


def _shortened(node: Any) -> Any:
    match node:
        case str():
            return node if len(node) <= _LONGEST_TEXT else node[:_LONGEST_TEXT] + "…"
        case dict():
            return {name: _shortened(value) for name, value in node.items()}
        case list():
            return [_shortened(value) for value in node]
        case _:
            return node


def retry_from(sequence_number: str | None) -> dict[str, Sequence[dict[str, str]]]:
    """The partial batch response: everything before `sequence_number` is done."""
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}] if sequence_number else []}
