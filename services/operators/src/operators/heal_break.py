"""DELETE /operations/breaks/{name}: ends a fault. If it is not active, nothing changes."""

from http import HTTPStatus

from operators.breaks import break_named
from shopkit.api import Request, Response, endpoint
from shopkit.problems import conflict
from shopkit.telemetry import logger


@endpoint
def handler(request: Request) -> Response:
    operator = request.require_operator()
    chosen = break_named(request.parameters["name"])
    if chosen.heal is None:
        raise conflict("nothing-to-heal", "This fault happens only once, so there is nothing to end.")
    chosen.heal()
    logger.info("healed", what=chosen.name, operator=operator.customer_id)
    return Response(HTTPStatus.OK, chosen.view())
