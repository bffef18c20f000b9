"""POST /orders/{order_id}/cancellation: an order's customer, or an operator, cancels it.

One conditional write decides between concurrent changes. The event that closed the order settles money and goods.
"""

from http import HTTPStatus

from order import domain, store
from order.access import named_row
from order.view import order_view
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.problems import conflict


@endpoint
def handler(request: Request) -> Response:
    order, seen = named_row(request)
    reason = "cancelled_by_customer" if order.customer_id == request.caller.customer_id else "cancelled_by_operator"
    try:
        cancelled = store.change(order.order_id, lambda order: domain.cancel(order, reason, clock.now()), seen=seen)
    except domain.IllegalTransition as refused:
        raise conflict("order-closed", f"The order is {refused.order.status}.") from refused
    return Response(HTTPStatus.ACCEPTED, order_view(cancelled))
