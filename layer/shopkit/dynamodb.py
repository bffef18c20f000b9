"""Conversion between plain dictionaries and DynamoDB items, and reading all pages of a query or scan."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def to_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a DynamoDB item. None is not stored, so that indexes stay sparse."""
    return {name: _serializer.serialize(value) for name, value in row.items() if value is not None}


def to_value(value: Any) -> dict[str, Any]:
    return dict(_serializer.serialize(value))


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a plain dictionary. Whole numbers become int, other numbers float."""
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


def query(
    dynamodb: "DynamoDBClient", table: str, condition: str, values: Mapping[str, Any], **options: Any
) -> Iterator[dict[str, Any]]:
    """Yields all rows that a key condition selects, sorted by the sort key. Pages are read as they are needed.

    `values` are the condition's, as plain values. `options` are further arguments of Query (API reference).
    """
    selected = {"KeyConditionExpression": condition, "ExpressionAttributeValues": to_item(values)}
    return chain.from_iterable(pages(dynamodb, "query", TableName=table, **selected, **options))


def pages(
    dynamodb: "DynamoDBClient", operation: Literal["query", "scan"], **arguments: Any
) -> Iterator[list[dict[str, Any]]]:
    """Yields the rows that an operation returns, page by page."""
    for page in dynamodb.get_paginator(operation).paginate(**arguments):
        yield [from_item(item) for item in page["Items"]]


def item_in(failed_condition: ClientError) -> dict[str, Any]:
    """Returns the existing item that made a write fail. The write must set ReturnValuesOnConditionCheckFailure."""
    return cast("dict[str, Any]", failed_condition.response)["Item"]  # type: ignore[no-any-return]


def cancellation_codes(cancelled: ClientError) -> list[str]:
    """Returns why each action of a cancelled transaction failed, in order; "None" for an action that did not fail."""
    reasons = cast("dict[str, Any]", cancelled.response).get("CancellationReasons", [])
    return [reason.get("Code", "None") for reason in reasons]
