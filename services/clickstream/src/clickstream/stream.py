"""The clicks' stream, written by `collect` and read by `aggregate`."""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickstream.domain import Click
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.streams import understanding
from shopkit.telemetry import logger

_ATTEMPTS = 4


@dataclass(frozen=True)
class Arrived:
    """A click as the stream delivers it. `at` is its arrival in the stream, the same on every delivery."""

    at: datetime
    click: Click


def is_on() -> bool:
    """Returns whether this deployment has a stream."""
    return bool(os.environ["STREAM_NAME"])


def put(clicks: Sequence[Click]) -> Sequence[Click]:
    """Puts the clicks into the stream, those of a session into one shard. Returns the clicks that it kept refusing."""
    for attempt in range(1, _ATTEMPTS + 1):
        answer = client("kinesis").put_records(
            StreamName=os.environ["STREAM_NAME"],
            Records=[
                # One line each, so that files of concatenated records are readable.
                {"Data": (click.model_dump_json() + "\n").encode(), "PartitionKey": click.session_id}
                for click in clicks
            ],
        )
        entries = zip(clicks, answer["Records"], strict=True)
        clicks = [click for click, entry in entries if "ErrorCode" in entry]
        if not clicks or attempt == _ATTEMPTS:
            break
        logger.info("stream refused clicks, trying them again", refused=len(clicks), attempt=attempt)
        pause(attempt)
    return clicks


def arrived(record: Mapping[str, Any]) -> Arrived:
    """Returns the click in a record of the event source. Raises Poison or another ValueError if there is none."""
    with understanding("a click"):
        kinesis = record["kinesis"]
        return Arrived(
            at=datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC),
            click=Click.model_validate(json.loads(base64.b64decode(kinesis["data"], validate=True))),
        )
