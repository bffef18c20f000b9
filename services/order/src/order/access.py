"""Access to an order. Only its customer and operators learn that it exists."""

from order import store
from order.domain import Order, is_order_id
from shopkit.api import Request
from shopkit.optimistic import Row
from shopkit.problems import not_found
from shopkit.rows import readable


def named_order(request: Request) -> Order:
    """Returns the order in the request's path. Raises Problem 404 alike for an unknown order, an invalid id, another
    customer's order and an unreadable row."""
    order, _ = named_row(request)
    return order


def named_row(request: Request) -> tuple[Order, Row]:
    """Returns the order and its row, which a change needs."""
    order_id, caller = request.parameters["order_id"], request.caller
    row = store.find_row(order_id) if is_order_id(order_id) else None
    order = next(readable([row], store.order_in), None) if row else None
    if row is None or order is None or not (caller.operator or order.customer_id == caller.customer_id):
        raise not_found("order")
    return order, row
