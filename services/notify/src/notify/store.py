"""The notifications table: one row per event and channel."""

import json
import os
import zlib
from typing import Any
from uuid import UUID

from notify.domain import Mail, Notification
from shopkit.optimistic import Row, put_row
from shopkit.rows import loaded, read_row


def key_of(event_id: UUID, channel: str) -> str:
    return f"{event_id}#{channel}"


def row_of(notification: Notification) -> dict[str, Any]:
    """Returns the stored row. The mail's fields stand beside the others, its text and HTML compressed: so the row of a
    usual order takes less than 1 KB, which is one write unit."""
    return {
        **notification.model_dump(mode="json", exclude={"mail"}, exclude_none=True),
        **(_mail_row(notification.mail) if notification.mail else {}),
        "pk": key_of(notification.event_id, notification.channel),
    }


def notification_in(row: Row) -> Notification:
    mail = _mail_in(row) if "message_id" in row else None
    return Notification.model_validate(row).model_copy(update={"mail": mail})


def _mail_row(mail: Mail) -> dict[str, Any]:
    body = json.dumps({"text": mail.text, "html": mail.html}, ensure_ascii=False).encode()
    return {**mail.model_dump(exclude={"text", "html"}), "body": zlib.compress(body)}


def _mail_in(row: Row) -> Mail:
    return Mail.model_validate({**row, **json.loads(zlib.decompress(bytes(row["body"])))})


def find(event_id: UUID, channel: str) -> Notification | None:
    """Raises Unreadable."""
    row = read_row(_table(), pk=key_of(event_id, channel))
    return loaded(row, notification_in) if row else None


def save(after: Notification, before: Notification | None) -> None:
    """Writes `after` if the row is still `before`, or, with None, if there is none. Raises Contended if another
    delivery of the same event came first. A retry finds its outcome."""
    if after == before:
        return
    put_row(_table(), row_of(after), key="pk", counter="version", seen=before.version if before else None)


def _table() -> str:
    return os.environ["NOTIFICATIONS_TABLE"]
