"""Whose order it is: everyone else learns nothing, not even that it exists."""

from order.domain import Order
from shopkit.api import Caller
from shopkit.problems import not_found


def visible_order(order: Order | None, caller: Caller) -> Order:
    """Raises Problem 404 alike for no order and for another customer's."""
    if order is None or not (caller.operator or order.customer_id == caller.customer_id):
        raise not_found("order")
    return order
