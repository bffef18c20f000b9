"""Handlers behind a DynamoDB stream: records in order, a retry from the first failure, poison records set aside."""

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shopkit.aws import client
from shopkit.dynamodb import from_item
from shopkit.telemetry import logger, traced, tracer
from shopkit.types import Image, LambdaHandler

# The size limit of an SQS message (API reference, SendMessage), and how much of a long text is kept to fit into it.
_MOST_BYTES = 1024 * 1024
_LONGEST_TEXT = 200


@dataclass(frozen=True)
class Change:
    """One committed write: the item before it (None if new) and after it (None if deleted)."""

    sequence_number: str
    old: Image | None
    new: Image | None


class Poison(ValueError):
    """A record that cannot be read, however often it is retried."""


@contextmanager
def understanding(what: str) -> Iterator[None]:
    """Wraps code that only reads a record. Errors that invalid data can cause are raised as Poison, so that the record
    is set aside. Other errors pass through: they are faults of the code or of AWS, and are retried."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise Poison(f"not {what}: {error!r}") from error


def stream_consumer(apply: Callable[[Change], None], *, keeps: frozenset[str] | None = None) -> LambdaHandler:
    """Makes a handler that applies each change. A record that raises ValueError goes to the failure queue. Any other
    failure is retried from that record on, so that the order within the shard is kept.

    Records in the failure queue are reduced to the attributes in `keeps`, for a reader that may see only those of
    another service's rows. By default all attributes are kept.
    """

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        for record in event["Records"]:
            try:
                change = change_of(record)
                with traced("read", "stream record", **_order_of(change), **facts_of(record)):
                    apply(change)
            except ValueError as error:
                set_aside(projected(record, keeps), error)
            except Exception:  # noqa: BLE001
                logger.exception("stream record failed, will be retried")
                return retry_from(record["dynamodb"]["SequenceNumber"])
        return retry_from(None)

    return tracer.capture_lambda_handler(handler, capture_response=False)


def change_of(record: Mapping[str, Any]) -> Change:
    """Returns the change in a stream record. Raises Poison or another ValueError if there is none."""
    with understanding("a stream record"):
        images = record["dynamodb"]
        old, new = images.get("OldImage"), images.get("NewImage")
        return Change(
            sequence_number=images["SequenceNumber"],
            old=from_item(_with_bytes(old)) if old else None,
            new=from_item(_with_bytes(new)) if new else None,
        )


def _with_bytes(image: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the image with binary attributes as bytes. In an event, which is JSON, they are base64."""
    return {
        name: {"B": base64.b64decode(value["B"], validate=True)} if isinstance(value.get("B"), str) else value
        for name, value in image.items()
    }


def facts_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns where a stream record comes from and when it was written, in seconds, for a trace."""
    return {
        "table": str(record.get("eventSourceARN", "")).partition(":table/")[2].partition("/")[0] or None,
        "sequence_number": record["dynamodb"]["SequenceNumber"],
        "written_at": record["dynamodb"].get("ApproximateCreationDateTime"),
    }


def _order_of(change: Change) -> dict[str, Any]:
    order_id = (change.new or change.old or {}).get("order_id")
    return {"order_id": order_id, "correlation_id": order_id}


def projected(record: Mapping[str, Any], keeps: frozenset[str] | None) -> Mapping[str, Any]:
    """Returns the record with only these attributes in its images (with None, all). Its keys stay."""
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
    """Sends the record to the failure queue, where an operator can inspect and redrive it. The shard continues.

    A record that is too large for a queue, such as one of a megabyte, is shortened so that its origin can be found.
    """
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
    """Returns the partial batch response: all records before `sequence_number` are done."""
    return {"batchItemFailures": [{"itemIdentifier": sequence_number}] if sequence_number else []}
