"""Between plain dictionaries and DynamoDB items."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()

# One BatchGetItem takes at most 100 keys (API reference, BatchGetItem).
BATCH_GET_LIMIT = 100


def to_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item. Absent and None are the same: None is not stored, so that indexes stay sparse."""
    return {name: _serializer.serialize(value) for name, value in row.items() if value is not None}


def to_value(value: Any) -> dict[str, Any]:
    return _serializer.serialize(value)  # type: ignore[no-any-return]


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """A plain dictionary; whole numbers come back as int."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def cancellation_codes(error: Any) -> list[str]:
    """Why each action of a cancelled transaction failed, in the order of the actions; "None" for those that did not."""
    return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
