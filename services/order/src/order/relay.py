"""The orders' outbox relay, to the bus and the order-updates topic."""

from order.domain import OrderFacts
from order.events import events_of
from shopkit.relay import relay

# The address must not reach the failure queue either.
handler = relay(events_of, keeps=frozenset({"pk", *OrderFacts.model_fields}))
