"""POST /products/{sku}/restock: adds units to the stock, once per operator, product and Idempotency-Key."""

from http import HTTPStatus

from inventory import domain, store
from inventory.domain import RestockRequest
from inventory.view import product_view
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.idempotency import fingerprint, idempotency_key
from shopkit.problems import not_found, unprocessable


@endpoint
def handler(request: Request) -> Response:
    operator, key = request.require_operator(), idempotency_key(request.headers)
    body, sku = request.body(RestockRequest), request.parameters["sku"]
    if not domain.is_sku(sku):
        raise not_found("product")
    asked, now = fingerprint(body), clock.now()
    try:
        booked, replayed = store.restock(
            sku,
            domain.restock_id(operator.customer_id, key),
            lambda before: domain.restocked(before, body.quantity, asked, now),
        )
    except store.UnknownProduct as unknown:
        raise not_found("product") from unknown
    if booked.fingerprint != asked:
        raise unprocessable("idempotency-key-reused", "This Idempotency-Key was used with a different body.")
    return Response(HTTPStatus.OK, product_view(booked.product), {"Idempotency-Replayed": "true"} if replayed else {})
