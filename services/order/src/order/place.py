"""POST /orders: places an order, once per customer and Idempotency-Key within 24 hours."""

import os
from http import HTTPStatus

from contracts.types import Money, OrderLine
from order import domain, store
from order.domain import Order, OrderRequest
from order.view import order_view, quote_view
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.idempotency import fingerprint, idempotency_key
from shopkit.problems import conflict, unprocessable


@endpoint
def handler(request: Request) -> Response:
    customer_id, key = request.caller.customer_id, idempotency_key(request.headers)
    wanted = request.body(OrderRequest)
    order_id, earlier = _order_of_key(customer_id, key)
    if earlier:
        return _replayed(earlier, wanted)
    lines = _quote(wanted)
    order = domain.place(
        wanted,
        lines,
        order_id=order_id,
        customer_id=customer_id,
        fingerprint=fingerprint(wanted),
        now=clock.now(),
    )
    order = domain.screened(order, int(os.environ["REVIEW_THRESHOLD"]))
    try:
        store.add(order)
    except store.AlreadyPlaced as raced:
        return _replayed(raced.order, wanted)
    return _placed(order)


def _order_of_key(customer_id: str, key: str) -> tuple[str, Order | None]:
    """Returns the id for the key, and the earlier order if there is one. An expired order moves the key to a new id."""
    scope, now, generation = os.environ["ORDER_ID_SCOPE"], clock.now(), 0
    while True:
        order_id = domain.order_id(scope, customer_id, key, generation)
        order = store.find(order_id)
        if order is None or domain.within_window(order, now):
            return order_id, order
        generation += 1


def _quote(wanted: OrderRequest) -> tuple[OrderLine, ...]:
    """Returns lines at current prices. Raises Problem: 422 for an unknown sku, 409 for another expected total."""
    try:
        lines = domain.priced(wanted, store.catalogue(line.sku for line in wanted.lines))
    except domain.UnknownSku as unknown:
        raise unprocessable(
            "unknown-sku",
            "The catalogue has no product with this sku.",
            errors=[{"pointer": f"/lines/{i}/sku", "detail": wanted.lines[i].sku} for i in unknown.indexes],
        ) from unknown
    total = domain.total_of(lines)
    expected = wanted.expected_total
    if expected and Money(amount=expected.amount, currency=expected.currency) != total:
        raise conflict(
            "price-changed",
            "The total differs from expected_total. Check the quote and order again.",
            quote=quote_view(lines, total),
        )
    return lines


def _replayed(earlier: Order, wanted: OrderRequest) -> Response:
    if earlier.fingerprint != fingerprint(wanted):
        raise unprocessable(
            "idempotency-key-reused", "This Idempotency-Key was used with a different body within the last 24 hours."
        )
    return _placed(domain.as_placed(earlier), {"Idempotency-Replayed": "true"})


def _placed(order: Order, headers: dict[str, str] | None = None) -> Response:
    # Relative to the request's URL (RFC 9110, 10.2.2), so that it is valid under any stage or custom domain.
    location = f"./orders/{order.order_id}"
    return Response(HTTPStatus.CREATED, order_view(order), {"Location": location, **(headers or {})})
