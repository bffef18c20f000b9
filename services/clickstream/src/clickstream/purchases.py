"""Counts the purchases per sku of confirmed orders, once per event id."""

from clickstream import domain, store
from contracts.order import OrderConfirmed
from shopkit.consumer import Delivery, consumer


@consumer(OrderConfirmed)
def handler(delivery: Delivery) -> None:
    event = delivery.event
    store.count(domain.place_of_purchase(event), {str(event.event_id): domain.of_purchase(event)})
