"""PUT /operations/breaks/{name}: causes a fault. If it is already active, nothing changes."""

from http import HTTPStatus

from operators.breaks import break_named
from shopkit.api import Request, Response, endpoint
from shopkit.telemetry import logger


@endpoint
def handler(request: Request) -> Response:
    operator = request.require_operator()
    chosen = break_named(request.parameters["name"])
    chosen.do()
    logger.warning("broken on purpose", what=chosen.name, operator=operator.customer_id)
    return Response(HTTPStatus.OK, chosen.view())
