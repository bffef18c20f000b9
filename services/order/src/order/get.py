"""GET /orders/{order_id}: one order, for its customer and for operators."""

from http import HTTPStatus

from order import store
from order.access import visible_order
from order.view import order_view
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    order = visible_order(store.find(request.parameters["order_id"]), request.caller)
    return Response(HTTPStatus.OK, order_view(order))
