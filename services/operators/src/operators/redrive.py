"""POST /operations/dead-letters/{place}/redrive: sends the dead letters back to the queue that they came from.

Each message is sent first and then removed. A crash in between sends it twice, which every consumer tolerates.
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

# API Gateway waits for at most 29 seconds. The rest is sent by the next request.
_SECONDS = 20
_AT_ONCE = 1000
# Attributes that EventBridge adds to an undeliverable event (User Guide, "Using dead-letter queues").
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
            "These messages go back to a function or a workflow, which only the command line may call: "
            f"./shop dlq redrive {place.name}",
        )
    messages = _redriven(place, place.home)
    logger.info("redriven", place=place.name, messages=messages)
    return Response(HTTPStatus.ACCEPTED, {"place": place.name, "messages": messages})


def _redriven(place: Place, home: str) -> int:
    """Returns how many messages were sent back. Stops when time runs out; messages that arrive meanwhile stay."""
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
    # The message group stays the same. A FIFO queue would drop the message as a duplicate if it had its first
    # deduplication id again. The new one contains the dead letter's id, so that sending it twice has no effect.
    group = message.get("Attributes", {}).get("MessageGroupId", "redrive")
    attached = message.get("MessageAttributes", {})
    kept = {name: value for name, value in attached.items() if name not in _ABOUT_THE_RULE}
    send(home, message["Body"], group=group, once=f"redrive-{message['MessageId']}", attributes=kept)
