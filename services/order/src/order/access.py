"""Whose order it is: everyone else learns nothing, not even that it exists."""

from order import store
from order.domain import Order, is_order_id
from shopkit.api import Request
from shopkit.optimistic import Row
from shopkit.problems import not_found
from shopkit.rows import readable


def named_order(request: Request) -> Order:
    """The order that the path names. Raises Problem 404 alike for none, for no id at all, for another customer's and
    for what is no order."""
    order, _ = named_row(request)
    return order


def named_row(request: Request) -> tuple[Order, Row]:
    """The same with its row, for a change."""
    order_id, caller = request.parameters["order_id"], request.caller
    row = store.find_row(order_id) if is_order_id(order_id) else None
    order = next(readable([row], store.order_in), None) if row else None
    if row is None or order is None or not (caller.operator or order.customer_id == caller.customer_id):
        raise not_found("order")
    return order, row
