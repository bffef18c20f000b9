"""Reads traces from X-Ray. The embedded AWS answers the same calls."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

# X-Ray keeps traces for 30 days, refuses to search a long time at once, and returns five traces a call (API reference,
# GetTraceSummaries, BatchGetTraces; "X-Ray endpoints and quotas").
_KEPT, _WINDOW, _AT_ONCE = timedelta(days=30), timedelta(hours=6), 5
_BEFORE = timedelta(minutes=1)
# The annotated traces, and those that they are linked to.
_HOPS = 2


@dataclass(frozen=True)
class Segment:
    """A segment or a subsegment. Times are in seconds since 1970. `ended` is None while it is in progress."""

    id: str
    trace_id: str
    parent: str | None
    name: str
    began: float
    ended: float | None
    origin: str = ""
    aws: Mapping[str, Any] = field(default_factory=dict)
    http: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    @property
    def is_call(self) -> bool:
        return bool(self.aws.get("operation"))


def segments_of(xray: Any, order_id: str, since: datetime, now: datetime | None = None) -> list[Segment]:
    """Returns the segments of all traces that are annotated with the order, and of those that they are linked to.

    X-Ray indexes only 50 annotations of a trace, so a trace that is about many orders may be found only by a link.
    """
    found = dict.fromkeys(_annotated(xray, order_id, since, now or datetime.now(UTC)))
    segments, wanted = list[Segment](), list(found)
    for _hop in range(_HOPS):
        if not wanted:
            break
        fresh = list(_fetched(xray, wanted))
        segments += fresh
        linked = dict.fromkeys(trace for segment in fresh for trace, _id in segment.links if trace not in found)
        found |= linked
        wanted = list(linked)
    return segments


def parsed(document: Mapping[str, Any], trace_id: str = "", parent: str | None = None) -> Iterator[Segment]:
    """Yields the segment of a document and, after it, those inside it."""
    trace_id = document.get("trace_id", trace_id)
    yield Segment(
        document["id"],
        trace_id,
        document.get("parent_id", parent),
        document.get("name", ""),
        float(document["start_time"]),
        float(document["end_time"]) if document.get("end_time") else None,
        document.get("origin", ""),
        document.get("aws") or {},
        document.get("http") or {},
        document.get("annotations") or {},
        (document.get("metadata") or {}).get("shop") or {},
        tuple((link["trace_id"], link["id"]) for link in document.get("links") or ()),
        _error_in(document),
    )
    for inside in document.get("subsegments") or ():
        yield from parsed(inside, trace_id, document["id"])


def _annotated(xray: Any, order_id: str, since: datetime, now: datetime) -> Iterator[str]:
    start = max(since - _BEFORE, now - _KEPT)
    while start < now:
        end = min(start + _WINDOW, now)
        pages = xray.get_paginator("get_trace_summaries").paginate(
            StartTime=start, EndTime=end, FilterExpression=f'annotation.order_id = "{order_id}"'
        )
        yield from (summary["Id"] for page in pages for summary in page["TraceSummaries"])
        start = end


def _fetched(xray: Any, trace_ids: list[str]) -> Iterator[Segment]:
    for some in batched(trace_ids, _AT_ONCE, strict=False):
        for page in xray.get_paginator("batch_get_traces").paginate(TraceIds=list(some)):
            for trace in page["Traces"]:
                for segment in trace["Segments"]:
                    yield from parsed(json.loads(segment["Document"]), trace["Id"])


def _error_in(document: Mapping[str, Any]) -> str | None:
    """Returns the name of what failed, or None."""
    if not any(document.get(kind) for kind in ("fault", "error", "throttle")):
        return None
    cause = document.get("cause")
    exceptions = cause.get("exceptions") if isinstance(cause, dict) else None
    if exceptions and exceptions[0].get("type"):
        return str(exceptions[0]["type"]).rpartition(".")[2]
    status = ((document.get("http") or {}).get("response") or {}).get("status")
    return "throttled" if document.get("throttle") else str(status or "failed")
