"""What a reader of the orders' stream may rely on.

The stream of the order table is shared with inventory, whose stock follows the orders' states without a detour
through the bus. Only these attributes of an order's image are promised; everything else is the order service's own.
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
    """The promised part of an order's image in the stream."""

    # A key of a table holds no more (DynamoDB Developer Guide, "Quotas": 2,048 bytes).
    order_id: Annotated[str, Field(min_length=1, max_length=256)]
    status: OrderStatus
