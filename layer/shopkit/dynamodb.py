"""Between plain dictionaries and DynamoDB items."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def to_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB item. Absent and None are the same: None is not stored, so that indexes stay sparse."""
    return {name: _serializer.serialize(value) for name, value in row.items() if value is not None}


def to_value(value: Any) -> dict[str, Any]:
    return dict(_serializer.serialize(value))


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


def item_in(failed_condition: ClientError) -> dict[str, Any]:
    """The item that a write's condition met (the write asked for it by ReturnValuesOnConditionCheckFailure)."""
    return cast("dict[str, Any]", failed_condition.response)["Item"]  # type: ignore[no-any-return]


def cancellation_codes(cancelled: ClientError) -> list[str]:
    """Why each action of a cancelled transaction failed, in the order of the actions; "None" for those that did not."""
    reasons = cast("dict[str, Any]", cancelled.response).get("CancellationReasons", [])
    return [reason.get("Code", "None") for reason in reasons]
