"""The inventory's outbox relay."""

from inventory.events import events_of
from shopkit.relay import relay

handler = relay(events_of)
