"""GET /trending: the most viewed products of the last minutes."""

from collections.abc import Mapping
from http import HTTPStatus

from clickstream import domain, store
from shopkit import clock
from shopkit.api import Request, Response, endpoint
from shopkit.problems import bad_request

_DEFAULT_MINUTES = 60


@endpoint
def handler(request: Request) -> Response:
    minutes = _minutes(request.query)
    spans = list(domain.spans(minutes, clock.now()))
    products = domain.trending(store.counted(spans), since=spans[0].first)
    return Response(HTTPStatus.OK, {"minutes": minutes, "products": products})


def _minutes(query: Mapping[str, str]) -> int:
    text = query.get("minutes", str(_DEFAULT_MINUTES))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= domain.MAX_MINUTES):
        raise bad_request("invalid-minutes", f"minutes must be a whole number from 1 to {domain.MAX_MINUTES}.")
    return int(text)
