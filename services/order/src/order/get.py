"""GET /orders/{order_id}: one order, for its customer and for operators."""

from http import HTTPStatus

from order.access import named_order
from order.view import order_view
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    order = named_order(request)
    return Response(HTTPStatus.OK, order_view(order))
