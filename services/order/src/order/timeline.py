"""Every event of an order → its timeline."""

from contracts.catalogue import ALL
from order import timeline_store
from shopkit.consumer import Delivery, consumer


@consumer(*ALL)
def handler(delivery: Delivery) -> None:
    timeline_store.record(delivery.event)
