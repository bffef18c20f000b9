"""POST /operations/dead-letters/{place}/redrive: sends the messages back to the queue whose consumer gave them up.

Each message is sent first and then removed. A crash in between sends it twice, which is safe because consumers are
idempotent.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from contracts.envelope import ABOUT_THE_RULE
from operators.places import Place, place_named
from operators.queue import Held, send
from shopkit.api import Request, Response, endpoint
from shopkit.problems import conflict
from shopkit.telemetry import logger

# API Gateway waits for 29 seconds. Messages that are left can be sent with another request.
_SECONDS = 20
_AT_ONCE = 1000


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    place = place_named(request.parameters["place"])
    if place.home is None:
        raise conflict(
            "redrive-by-command-line",
            "These messages go back to a function or a workflow, which only the command line may call: "
            f"./shop dlq redrive {place.name}",
        )
    messages = _redriven(place, place.home)
    logger.info("redriven", place=place.name, messages=messages)
    return Response(HTTPStatus.ACCEPTED, {"place": place.name, "messages": messages})


def _redriven(place: Place, home: str) -> int:
    """Sends back as many messages as time allows, and returns their number. Messages that arrive meanwhile are left."""
    ends_at, sent = time.monotonic() + _SECONDS, 0
    with Held(place.queue, _AT_ONCE) as messages:
        for message in messages:
            if time.monotonic() > ends_at:
                break
            _send_home(message, home)
            messages.remove(message)
            sent += 1
    return sent


def _send_home(message: Mapping[str, Any], home: str) -> None:
    # The group stays the same. The deduplication id has to differ from the original one, or a FIFO queue would drop the
    # message as a duplicate. It is made of the letter's id, so that sending the letter twice has the effect of once.
    group = message.get("Attributes", {}).get("MessageGroupId", "redrive")
    attached = message.get("MessageAttributes", {})
    kept = {name: value for name, value in attached.items() if name not in ABOUT_THE_RULE}
    send(home, message["Body"], group=group, once=f"redrive-{message['MessageId']}", attributes=kept)
