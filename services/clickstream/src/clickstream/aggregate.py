"""Aggregates the clicks' stream into counters per sku and minute. Each event id counts once."""

from collections.abc import Iterable
from itertools import batched
from typing import Any

from clickstream import domain, store, stream
from clickstream.domain import Occurrence
from shopkit.streams import retry_from, set_aside, understanding
from shopkit.telemetry import logger, tracer

type _Refused = tuple[dict[str, Any], ValueError]


@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Counts clicks. A record that is not a click goes to the failure queue. Any other failure is retried from that
    record on."""
    counted = 0
    for records in batched(event["Records"], store.MAX_AT_ONCE, strict=False):
        occurrences, poison = _understood(records)
        try:
            counted += store.count(occurrences)
        except Exception:  # noqa: BLE001
            first = records[0]["kinesis"]["sequenceNumber"]
            logger.exception("clicks not counted, will be retried", first=first)
            return dict(retry_from(first))
        # Last, so that a retry of the batch for another reason does not set it aside again.
        for record, error in poison:
            set_aside(record, error)
    logger.info("clicks counted", records=len(event["Records"]), counted=counted)
    return dict(retry_from(None))


def _understood(records: Iterable[dict[str, Any]]) -> tuple[list[Occurrence], list[_Refused]]:
    occurrences: list[Occurrence] = []
    poison: list[_Refused] = []
    for record in records:
        try:
            arrived = stream.arrived(record)
            with understanding("a click of our time"):
                occurrences.append(domain.of_click(arrived.click, arrived.at))
        except ValueError as error:
            poison.append((record, error))
    return occurrences, poison
