"""A product as the front door shows it."""

from typing import Any

from inventory.domain import Product

_SHOWN = {"sku", "name", "description", "price", "image", "available", "version"}


def product_view(product: Product) -> dict[str, Any]:
    return product.model_dump(mode="json", include=_SHOWN)
