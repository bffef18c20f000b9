"""GET /products/{sku}: one product and its available units."""

from http import HTTPStatus

from inventory import store
from inventory.domain import is_sku
from inventory.view import product_view
from shopkit.api import Request, Response, endpoint
from shopkit.problems import not_found


@endpoint
def handler(request: Request) -> Response:
    sku = request.parameters["sku"]
    product = store.shown_product(sku) if is_sku(sku) else None
    if product is None:
        raise not_found("product")
    return Response(HTTPStatus.OK, product_view(product))
