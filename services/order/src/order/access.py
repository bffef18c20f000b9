"""Whose order it is: everyone else learns nothing, not even that it exists."""

from order import store
from order.domain import Order, is_order_id
from shopkit.api import Request
from shopkit.problems import not_found


def named_order(request: Request) -> Order:
    """The order that the path names. Raises Problem 404 alike for none, for no id at all and for another customer's."""
    order_id, caller = request.parameters["order_id"], request.caller
    order = store.find(order_id) if is_order_id(order_id) else None
    if order is None or not (caller.operator or order.customer_id == caller.customer_id):
        raise not_found("order")
    return order
