"""The payments' outbox: stream → bus."""

from payment.events import events_of
from shopkit.relay import relay

handler = relay(events_of)
