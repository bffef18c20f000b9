"""The notifications' outbox: stream → bus."""

from notify.domain import Notification
from notify.events import events_of
from shopkit.relay import relay

# What a mail said, and to whom, is not for the failure queue.
handler = relay(events_of, keeps=frozenset({"pk", *Notification.model_fields} - {"mail"}))
