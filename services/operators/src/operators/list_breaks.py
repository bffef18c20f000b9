"""GET /operations/breaks: the faults that may be caused on purpose, and which are active."""

from http import HTTPStatus

from operators.breaks import breaks
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    return Response(HTTPStatus.OK, {"breaks": [each.view() for each in breaks()]})
