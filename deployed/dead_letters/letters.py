"""A dead letter, and what can be read from it without calling AWS."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from contracts.envelope import UnknownVersion, opened
from contracts.events import EVENTS

_ERROR_LENGTH = 300


@dataclass(frozen=True)
class Letter:
    """A message of a queue, or an object of a bucket. `attributes` are SQS's attributes of the message; `extras` are
    those that its sender attached."""

    id: str
    body: str
    since: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    def attached(self, name: str) -> str | None:
        """Returns the text that the sender attached under this name."""
        value: str | None = self.extras.get(name, {}).get("StringValue")
        return value


@dataclass(frozen=True)
class Summary:
    """A letter in short: what it is about, and what went wrong as far as the letter shows."""

    type: str
    orders: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None


def summary_of(letter: Letter) -> Summary:
    document = _document(letter.body)
    match document:
        case {"payload": payload, "requestContext": dict(context)}:
            return _summary_of_invocation(payload, context)
        case {"record": dict(record), **rest}:
            error = str(rest["error"]) if "error" in rest else None
            return Summary(_kind_of(record), tuple(_orders_of(record)), error, _HINTS["record"])
        case {"detail-type": str(type_)}:
            what, hint = _rule_failed(letter) or _not_understood(document) or (None, _HINTS["again"])
            return Summary(type_, tuple(_orders_of(document)), what, hint)
    return Summary("no event", error="ValueError: this is not an event", hint=_HINTS["unreadable"])


def records_of(body: str) -> list[dict[str, Any]]:
    """Returns the records of a failed invocation, whose payload AWS stores as text. Raises ValueError if it is
    something else."""
    document = _document(body)
    payload = document.get("payload") if isinstance(document, dict) else None
    invoked = _document(payload) if isinstance(payload, str) else payload
    match invoked:
        case {"Records": list(records)} if records:
            return records
        case {"records": dict(by_partition)} if by_partition:  # from a Kafka topic
            return [record for records in by_partition.values() for record in records]
    raise ValueError("this is not a record of a failed invocation")


_HINTS = {
    "again": "If something was down, redrive this once it works again.",
    "version": "Its sender is newer than its reader: deploy a reader that knows this version, then redrive this.",
    "unreadable": "It can never be read: find its sender, then drop it.",
    "record": "Its reader cannot understand it: correct the reader and redrive this, or drop it.",
    "NO_PERMISSIONS": "The target's policy no longer allows the rule: correct it (deploy again), then redrive this.",
    "NO_RESOURCE": "The target no longer exists: deploy again, then redrive this.",
}


def _summary_of_invocation(payload: Any, context: Mapping[str, Any]) -> Summary:
    try:
        records = records_of(json.dumps({"payload": payload}))
    except ValueError as error:
        return Summary("failed invocation", error=str(error), hint=_HINTS["unreadable"])
    kinds = dict.fromkeys(_kind_of(record) for record in records)
    orders = dict.fromkeys(order for record in records for order in _orders_of(record))
    what = f"{context.get('condition', 'given up')} after {context.get('approximateInvokeCount', '?')} invocations"
    return Summary(f"{len(records)} × {', '.join(kinds)}", tuple(orders), what, _HINTS["again"])


def _rule_failed(letter: Letter) -> tuple[str, str] | None:
    """Returns the reason that EventBridge attached to an undeliverable event."""
    code = letter.attached("ERROR_CODE")
    if code is None:
        return None
    return f"{code}: {letter.attached('ERROR_MESSAGE') or ''}"[:_ERROR_LENGTH], _HINTS.get(code, _HINTS["again"])


def _not_understood(published: Mapping[str, Any]) -> tuple[str, str] | None:
    """Returns the error that any consumer of this version of the shop would raise for it."""
    try:
        opened(published, *EVENTS)
    except UnknownVersion as error:
        return f"UnknownVersion: {error}", _HINTS["version"]
    except KeyError:
        return "KeyError: there is no such event", _HINTS["version"]
    except (ValidationError, TypeError) as error:
        return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH], _HINTS["unreadable"]
    return None


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _kind_of(record: Mapping[str, Any]) -> str:
    """Returns the kind of record: `MODIFY order#…`, clicks, or a position in a topic."""
    match record:
        case {"kinesis": {"data": str(data)}}:
            return _clicks(data)
        case {"topic": str(topic), "partition": int(partition), "offset": int(offset)}:
            return f"{topic}/{partition}/{offset}"
        case {"eventName": str(name), "dynamodb": {"Keys": dict(keys)}}:
            return f"{name} {' '.join(str(next(iter(value.values()), '')) for value in keys.values() if value)}"
    return "record"


def _clicks(data: str) -> str:
    try:
        first, *others = base64.b64decode(data).splitlines()
        click = json.loads(first)
        return f"click {click['type']} {click['sku']}" + (f" and {len(others)} more" if others else "")
    except (ValueError, KeyError, TypeError):
        return "click"


def _orders_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Returns the ids of orders in an event or a stream record."""
    match document:
        case {"detail": {"data": {"order_id": str(order_id)}}}:
            yield order_id
        case {"dynamodb": dict(images)}:
            for image in ("NewImage", "OldImage", "Keys"):
                match images.get(image):
                    case {"order_id": {"S": str(order_id)}}:
                        yield order_id
                        return
