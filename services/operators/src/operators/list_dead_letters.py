"""GET /operations/dead-letters: every place, and how much lies there."""

from http import HTTPStatus

from operators.places import places
from operators.queue import depth
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    found = [{"place": place.name, "messages": depth(place.queue)} for place in places()]
    return Response(HTTPStatus.OK, {"places": found})
