"""Counts the purchases per sku of confirmed orders, once per event id."""

from itertools import batched

from clickstream import domain, store
from contracts.order import OrderConfirmed
from shopkit.consumer import Delivery, consumer


@consumer(OrderConfirmed)
def handler(delivery: Delivery) -> None:
    for some in batched(domain.of_purchase(delivery.event), store.MAX_AT_ONCE, strict=False):
        store.count(some)
