"""What a dead letter shows by itself: its order and what went wrong. Calls no AWS API."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from contracts.envelope import UnknownVersion, opened
from contracts.events import EVENTS
from contracts.types import rfc3339

_LONGEST_CAUSE = 300


def letter_view(message: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what operators see of a message that SQS returned."""
    document, attributes = _document(message["Body"]), message.get("Attributes", {})
    return {
        "message_id": message["MessageId"],
        "sent_at": rfc3339(datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)),
        "receives": int(attributes.get("ApproximateReceiveCount", "0")),
        "body": message["Body"],
        "order_id": next(_orders_in(document), None),
        "cause": _cause(document, message.get("MessageAttributes", {})),
    }


def _cause(document: Any, attached: Mapping[str, Any]) -> str | None:
    """Returns None if the letter is valid. Then its consumer was down, and only the consumer's logs say why."""
    # EventBridge attaches why it could not deliver (User Guide, "Using dead-letter queues").
    if code := attached.get("ERROR_CODE", {}).get("StringValue"):
        message = attached.get("ERROR_MESSAGE", {}).get("StringValue", "")
        return f"{code}: {message}"[:_LONGEST_CAUSE]
    match document:
        case {"record": dict(), "error": error}:  # from a stream's reader (shopkit.streams)
            return str(error)[:_LONGEST_CAUSE]
        case {"record": dict()}:
            return None
        case {"detail-type": str()}:
            return _not_understood(document)
    return "ValueError: this is not an event"


def _not_understood(published: Mapping[str, Any]) -> str | None:
    """Returns the error that every consumer of this version of the shop would raise for it, or None."""
    try:
        opened(published, *EVENTS)
    except UnknownVersion as error:
        return f"UnknownVersion: {error}"
    except KeyError:
        return "KeyError: there is no such event"
    except (ValidationError, TypeError) as error:
        return f"{type(error).__name__}: {error}"[:_LONGEST_CAUSE]
    return None


def _orders_in(document: Any) -> Iterator[str]:
    match document:
        case {"detail": {"data": {"order_id": str(order_id)}}}:
            yield order_id
        case {"record": {"dynamodb": dict(images)}}:
            for name in ("NewImage", "OldImage", "Keys"):
                match images.get(name):
                    case {"order_id": {"S": str(order_id)}}:
                        yield order_id


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
