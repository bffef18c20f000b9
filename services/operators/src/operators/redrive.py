"""POST /operations/dead-letters/{place}/redrive: sends what lies there back to the queue whose consumer gave it up.

Each is sent first and then removed. A crash in between sends it twice, which every consumer takes for once.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from operators.places import Place, place_named
from operators.queue import Held, send
from shopkit.api import Request, Response, endpoint
from shopkit.problems import conflict
from shopkit.telemetry import logger

# API Gateway waits for 29 seconds. What is left goes the next time.
_SECONDS = 20
_AT_ONCE = 1000
# What EventBridge attaches to what it could not deliver (User Guide, "Using dead-letter queues").
_ABOUT_THE_RULE = {
    "RULE_ARN",
    "TARGET_ARN",
    "ERROR_CODE",
    "ERROR_MESSAGE",
    "EXHAUSTED_RETRY_CONDITION",
    "RETRY_ATTEMPTS",
}


@endpoint
def handler(request: Request) -> Response:
    request.require_operator()
    place = place_named(request.parameters["place"])
    if place.home is None:
        raise conflict(
            "redrive-by-command-line",
            "What lies here goes back to a function or a workflow, which only the command line may call: "
            f"./shop dlq redrive {place.name}",
        )
    messages = _redriven(place, place.home)
    logger.info("redriven", place=place.name, messages=messages)
    return Response(HTTPStatus.ACCEPTED, {"place": place.name, "messages": messages})


def _redriven(place: Place, home: str) -> int:
    """How many went back: what lay there, as far as time allows. What comes meanwhile is left for the next time."""
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
    # As before in its group; and with an id of its own, or a FIFO queue would take it for the first try's repetition
    # and drop it. The letter's id, so that sending it twice is once.
    group = message.get("Attributes", {}).get("MessageGroupId", "redrive")
    attached = message.get("MessageAttributes", {})
    kept = {name: value for name, value in attached.items() if name not in _ABOUT_THE_RULE}
    send(home, message["Body"], group=group, once=f"redrive-{message['MessageId']}", attributes=kept)
