"""Aggregates the clicks' stream into counts per sku and minute. Each click of a session counts once."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from clickstream import domain, store, stream
from clickstream.domain import Arrival, Occurrence, Place
from shopkit.streams import retry_from, set_aside
from shopkit.telemetry import logger, tracer

type _Refused = tuple[dict[str, Any], ValueError]


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Counts clicks. A record that is no clicks goes to the failure queue. Any other failure is retried from that
    record on."""
    for records in batched(event["Records"], store.MAX_RECORDS_AT_ONCE, strict=False):
        arrivals, poison = _understood(records)
        try:
            _count(arrivals)
        except Exception:  # noqa: BLE001
            first = records[0]["kinesis"]["sequenceNumber"]
            logger.exception("clicks not counted, will be retried", first=first)
            return dict(retry_from(first))
        # Last, so that a retry of the batch for another reason does not set it aside again.
        for record, error in poison:
            set_aside(record, error)
    return dict(retry_from(None))


def _count(arrivals: Sequence[Arrival]) -> None:
    """Claims first, and then counts what was claimed. If it ends between the two, the next delivery finds the same
    claims and counts them."""
    claimed: dict[str, list[Occurrence]] = {}
    for session, clicks in domain.by_session(arrivals).items():
        for record, own in store.claim(session, clicks).items():
            claimed.setdefault(record, []).extend(own.values())
    places: dict[Place, dict[str, list[Occurrence]]] = {}
    for arrival in arrivals:
        if arrival.id in claimed:
            places.setdefault(domain.place_of_clicks(arrival), {})[arrival.id] = claimed[arrival.id]
    for place, brought in places.items():
        store.count(place, brought)


def _understood(records: Iterable[dict[str, Any]]) -> tuple[list[Arrival], list[_Refused]]:
    arrivals: list[Arrival] = []
    poison: list[_Refused] = []
    for record in records:
        try:
            arrivals.append(stream.arrived(record))
        except ValueError as error:
            poison.append((record, error))
    return arrivals, poison
