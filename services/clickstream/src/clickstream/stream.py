"""The clicks' stream, written by `collect` and read by `aggregate`."""

import base64
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from clickstream.domain import Arrival, Click, of_record
from shopkit.aws import client
from shopkit.backoff import pause
from shopkit.streams import understanding
from shopkit.telemetry import logger

_ATTEMPTS = 4


def is_on() -> bool:
    """Returns whether this deployment has a stream."""
    return bool(os.environ["STREAM_NAME"])


def put(clicks: Sequence[Click]) -> Sequence[Click]:
    """Puts the clicks into the stream: one record per session, those of a session into one shard. Returns the clicks
    that it kept refusing."""
    entries = _by_session(clicks)
    for attempt in range(1, _ATTEMPTS + 1):
        answer = client("kinesis").put_records(
            StreamName=os.environ["STREAM_NAME"],
            Records=[
                # One line per click, so that a file of concatenated records is readable line by line.
                {"Data": "".join(f"{click.model_dump_json()}\n" for click in some).encode(), "PartitionKey": session}
                for session, some in entries.items()
            ],
        )
        refused = [key for key, entry in zip(entries, answer["Records"], strict=True) if "ErrorCode" in entry]
        entries = {session: entries[session] for session in refused}
        if not entries or attempt == _ATTEMPTS:
            break
        logger.info("stream refused clicks, trying them again", refused=len(entries), attempt=attempt)
        pause(attempt)
    return [click for some in entries.values() for click in some]


def arrived(record: Mapping[str, Any]) -> Arrival:
    """Returns the clicks in a record of the event source. Raises Poison or another ValueError if it is anything
    else."""
    with understanding("clicks of our time"):
        kinesis, event_id = record["kinesis"], record["eventID"]
        lines = base64.b64decode(kinesis["data"], validate=True).splitlines()
        return of_record(
            # Shorter than the shard's id and the sequence number that it stands for, which have 77 characters.
            id_=base64.urlsafe_b64encode(sha256(event_id.encode()).digest()[:12]).decode(),
            shard=event_id.partition(":")[0],
            at=datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC),
            clicks=[Click.model_validate(json.loads(line)) for line in lines],
        )


def _by_session(clicks: Iterable[Click]) -> dict[str, list[Click]]:
    sessions: dict[str, list[Click]] = {}
    for click in clicks:
        sessions.setdefault(click.session_id, []).append(click)
    return sessions
