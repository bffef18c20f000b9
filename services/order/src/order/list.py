"""GET /orders: a customer's orders, or all orders for an operator, newest first. With `needs`, only those that need an
operator."""

from http import HTTPStatus
from typing import TYPE_CHECKING, cast, get_args

from order import store
from order.domain import Need
from order.view import order_view
from shopkit.api import Request, Response, endpoint
from shopkit.paging import page, page_request
from shopkit.problems import bad_request

if TYPE_CHECKING:
    from shopkit.shards import Position


@endpoint
def handler(request: Request) -> Response:
    caller, need = request.caller, _need(request)
    wanted = page_request(request.query, positions=2)
    after = cast("Position | None", wanted.after)
    if need:
        orders, following = store.needing(need, wanted.limit, after)
    else:
        orders, following = store.newest(None if caller.operator else caller.customer_id, wanted.limit, after)
    return Response(HTTPStatus.OK, page("orders", [order_view(order) for order in orders], following))


def _need(request: Request) -> Need | None:
    """Returns the value of `needs`. Raises Problem 403 for customers, 400 for an unknown value."""
    if "needs" not in request.query:
        return None
    request.require_operator()
    for need in get_args(Need):
        if request.query["needs"] == need:
            return cast("Need", need)
    raise bad_request("invalid-needs", "needs is review or attention.")
