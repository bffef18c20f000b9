"""GET /products: the catalogue with available units, page by page, in order of sku."""

from http import HTTPStatus

from inventory import store
from inventory.view import product_view
from shopkit.api import Request, Response, endpoint
from shopkit.paging import page, page_request


@endpoint
def handler(request: Request) -> Response:
    wanted = page_request(request.query, positions=1)
    products, last = store.products(wanted.limit, wanted.after[0] if wanted.after else None)
    return Response(
        HTTPStatus.OK, page("products", [product_view(product) for product in products], [last] if last else None)
    )
