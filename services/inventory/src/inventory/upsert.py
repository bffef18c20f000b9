"""PUT /products/{sku}: an operator creates or replaces a catalogue entry. The stock is unchanged, but with
`stock_shards` it is spread evenly over that many rows."""

from http import HTTPStatus

from inventory import domain, store
from inventory.domain import ProductRequest
from inventory.view import product_view
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.problems import bad_request


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    sku = request.parameters["sku"]
    if not domain.is_sku(sku):
        raise bad_request(
            "invalid-sku",
            "A sku has 1 to 64 characters of A–Z, a–z, 0–9, - and _, and starts with a letter or digit.",
        )
    wanted, now = request.body(ProductRequest), clock.now()
    product, new = store.upsert(sku, lambda before: domain.upserted(before, sku, wanted, now))
    if wanted.stock_shards:
        product = store.level(sku, now)
    return Response(HTTPStatus.CREATED if new else HTTPStatus.OK, product_view(product))
