"""A product as the API returns it."""

from typing import Any

from inventory.domain import Product

# Nested fields are listed too, so that a field that any model gains is not shown until it is added here.
_PRODUCT: dict[str, Any] = {
    "sku": True,
    "name": True,
    "description": True,
    "price": {"amount", "currency"},
    "image": True,
    "available": True,
    "version": True,
}


def product_view(product: Product) -> dict[str, Any]:
    return product.model_dump(mode="json", include=_PRODUCT)
