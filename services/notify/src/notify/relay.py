"""The notifications' outbox relay."""

from notify.domain import Notification
from notify.events import events_of
from shopkit.relay import relay

# Texts and addresses of mails must not reach the failure queue.
handler = relay(events_of, keeps=frozenset({"pk", *Notification.model_fields} - {"mail"}))
