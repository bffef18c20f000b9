"""The notifications' outbox: stream → bus."""

from notify.events import events_of
from shopkit.relay import relay

handler = relay(events_of)
