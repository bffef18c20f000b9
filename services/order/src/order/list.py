"""GET /orders: a customer's orders, or everyone's for an operator, newest first."""

from http import HTTPStatus
from typing import cast

from order import store
from order.view import order_view
from shopkit.api import Request, Response, endpoint
from shopkit.paging import page, page_request


@endpoint
def handler(request: Request) -> Response:
    caller, wanted = request.caller, page_request(request.query, positions=2)
    orders, after = store.newest(
        None if caller.operator else caller.customer_id, wanted.limit, cast("store.Position | None", wanted.after)
    )
    return Response(HTTPStatus.OK, page("orders", [order_view(order) for order in orders], after))
