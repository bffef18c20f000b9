"""POST /clicks: puts anyone's clicks into the stream."""

from http import HTTPStatus

from clickstream import stream
from clickstream.domain import PostedClicks
from shopkit.api import Request, Response, endpoint
from shopkit.problems import Problem


@endpoint
def handler(request: Request) -> Response:
    if not stream.is_on():
        raise Problem(HTTPStatus.NOT_FOUND, "clicks-off", "This shop does not collect clicks.")
    clicks = request.body(PostedClicks).events
    if refused := stream.put(clicks):
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "clicks-refused",
            f"{len(refused)} of {len(clicks)} events could not be stored. Send all of them again later with the same "
            "event ids; each counts once.",
        )
    return Response(HTTPStatus.ACCEPTED, {"accepted": len(clicks)})
