"""The orders' outbox: stream → bus and order-updates topic."""

from order.events import events_of
from shopkit.relay import relay

handler = relay(events_of)
