"""POST /orders/{order_id}/review: an operator approves or rejects an order that is held."""

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import StringConstraints

from contracts.types import PRINTABLE, Strict
from order import domain, store
from order.access import named_row
from order.domain import Order
from order.view import order_view
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.problems import conflict


class Review(Strict):
    """The body of POST /orders/{order_id}/review."""

    decision: Literal["approve", "reject"]
    note: Annotated[str, StringConstraints(max_length=1000), PRINTABLE] | None = None


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    review = request.body(Review)
    order, seen = named_row(request)
    try:
        order = store.change(order.order_id, lambda order: _reviewed(order, review), seen=seen)
    except domain.IllegalTransition as refused:
        raise conflict("not-awaiting-review", f"The order is {refused.order.status}.") from refused
    return Response(HTTPStatus.ACCEPTED, order_view(order))


def _reviewed(order: Order, review: Review) -> Order:
    if review.decision == "approve":
        return domain.approve(order, review.note, clock.now())
    return domain.disapprove(order, "review_rejected", review.note, clock.now())
