"""The notifications table: what was told, by event and channel."""

import os
from typing import Any
from uuid import UUID

from notify.domain import Mail, Notification
from shopkit.aws import client
from shopkit.dynamodb import to_item, to_value
from shopkit.rows import read_row


class Contended(Exception):
    """Another delivery of the same event got ahead; trying again finds what it did."""


def key_of(event_id: UUID, channel: str) -> str:
    return f"{event_id}#{channel}"


def row_of(notification: Notification) -> dict[str, Any]:
    """The stored row, the mail's fields beside the others."""
    mail = notification.mail.model_dump() if notification.mail else {}
    return {
        **notification.model_dump(mode="json", exclude={"mail"}, exclude_none=True),
        **mail,
        "pk": key_of(notification.event_id, notification.channel),
    }


def notification_in(row: dict[str, Any]) -> Notification:
    mail = Mail.model_validate(row) if "message_id" in row else None
    return Notification.model_validate(row).model_copy(update={"mail": mail})


def find(event_id: UUID, channel: str) -> Notification | None:
    row = read_row(_table(), pk=key_of(event_id, channel))
    return notification_in(row) if row else None


def save(after: Notification, before: Notification | None) -> None:
    """Writes `after` where `before` still stands, or where nothing does. Raises Contended."""
    if after == before:
        return
    dynamodb = client("dynamodb")
    unchanged: dict[str, Any] = (
        {
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": to_value(before.version)},
        }
        if before
        else {"ConditionExpression": "attribute_not_exists(pk)"}
    )
    try:
        dynamodb.put_item(TableName=_table(), Item=to_item(row_of(after)), **unchanged)
    except dynamodb.exceptions.ConditionalCheckFailedException as raced:
        raise Contended(key_of(after.event_id, after.channel)) from raced


def _table() -> str:
    return os.environ["NOTIFICATIONS_TABLE"]
