"""The payments' outbox relay."""

from payment.events import events_of
from shopkit.relay import relay

handler = relay(events_of)
