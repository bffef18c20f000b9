"""GET /operations/breaks: what may be broken on purpose, and what is at the moment."""

from http import HTTPStatus

from operators.breaks import breaks
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    return Response(HTTPStatus.OK, {"breaks": [each.view() for each in breaks()]})
