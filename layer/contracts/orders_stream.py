"""The part of the orders table's stream that other services may use.

Inventory reads this stream directly, so that stock follows an order's status without going through the bus. Only the
attributes below belong to the contract. All others are internal to the order service.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.types import Value


class OrderStatus(StrEnum):
    PLACED = "PLACED"
    AWAITING_REVIEW = "AWAITING_REVIEW"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class OrderImage(Value):
    """The attributes of an order in the stream that belong to the contract."""

    # With any characters, this fits a partition key of 2,048 bytes (DynamoDB Developer Guide, "Quotas").
    order_id: Annotated[str, Field(min_length=1, max_length=256)]
    status: OrderStatus
