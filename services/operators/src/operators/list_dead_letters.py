"""GET /operations/dead-letters: every queue of dead letters, and how many messages it contains."""

from http import HTTPStatus

from operators.places import places
from operators.queue import depth
from shopkit.api import Request, Response, endpoint


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    found = [{"place": place.name, "messages": depth(place.queue)} for place in places()]
    return Response(HTTPStatus.OK, {"places": found})
