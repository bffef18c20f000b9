"""The clicks' stream, written at the front door and read by the aggregation."""

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
    """A click as the stream delivers it; `at` is when the stream took it, the same on every delivery of the record."""

    at: datetime
    click: Click


def is_on() -> bool:
    """Whether there is a stream: a deployment may go without."""
    return bool(os.environ["STREAM_NAME"])


def put(clicks: Sequence[Click]) -> Sequence[Click]:
    """Puts the clicks into the stream, a session's into one shard; answers those that it kept refusing."""
    for attempt in range(1, _ATTEMPTS + 1):
        answer = client("kinesis").put_records(
            StreamName=os.environ["STREAM_NAME"],
            Records=[
                # A line each, so that files of concatenated records stay readable.
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
    """The click in a record of the event source. Raises Poison, or ValueError of another kind, for what is none."""
    with understanding("a click"):
        kinesis = record["kinesis"]
        return Arrived(
            at=datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC),
            click=Click.model_validate(json.loads(base64.b64decode(kinesis["data"], validate=True))),
        )
