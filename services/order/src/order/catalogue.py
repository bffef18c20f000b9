"""Copies ProductUpdated into the catalogue replica. The newest version of each sku wins."""

from contracts.inventory import ProductUpdated
from order import store
from order.domain import CatalogueEntry
from shopkit.consumer import Delivery, consumer


@consumer(ProductUpdated)
def handler(delivery: Delivery) -> None:
    product: ProductUpdated = delivery.event.data
    store.learn(
        CatalogueEntry(sku=product.sku, name=product.name, price=product.price, version=delivery.event.entity_version)
    )
