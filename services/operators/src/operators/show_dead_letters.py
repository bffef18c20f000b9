"""GET /operations/dead-letters/{place}: up to ten of a queue's messages, which stay in it."""

from http import HTTPStatus

from operators.letter import letter_view
from operators.places import place_named
from operators.queue import Held
from shopkit.api import Request, Response, endpoint

_SHOWN = 10


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    place = place_named(request.parameters["place"])
    with Held(place.queue, _SHOWN) as messages:
        letters = [letter_view(message) for message in messages]
    return Response(HTTPStatus.OK, {"place": place.name, "messages": letters})
