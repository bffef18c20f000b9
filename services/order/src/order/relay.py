"""The orders' outbox: stream → bus and order-updates topic."""

from order.domain import OrderFacts
from order.events import events_of
from shopkit.relay import relay

# The address is told to nobody, and is not for the failure queue either.
handler = relay(events_of, keeps=frozenset({"pk", *OrderFacts.model_fields}))
