"""Records every event of an order in its timeline."""

from contracts.events import EVENTS
from order import timeline_store
from shopkit.consumer import Delivery, consumer


@consumer(*EVENTS)
def handler(delivery: Delivery) -> None:
    timeline_store.record(delivery.event)
