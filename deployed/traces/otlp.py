"""An order's traces as OpenTelemetry's JSON, for any viewer (OpenTelemetry specification, "OTLP/HTTP", JSON encoding).

Trace ids are X-Ray's without their dashes. What a queue or a stream has separated is joined by links of spans.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployed.traces.steps import Call, Step

# Values of Span.SpanKind and Status.StatusCode (opentelemetry-proto, trace.proto).
_INTERNAL, _SERVER, _CLIENT, _PRODUCER, _CONSUMER = 1, 2, 3, 4, 5
_ERROR = 2
_KINDS = {"published": _PRODUCER, "consumed": _CONSUMER, "read": _CONSUMER}


def document(order_id: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Returns a TracesData message: a resource for each function, workflow and API, with its spans."""
    by_id = {step.id: step for step in steps}
    spans: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        resource = "api" if step.kind == "api" else step.name
        spans[resource].append(_span(order_id, step, by_id))
        spans[resource] += [_call(call, step) for call in step.calls]
    return {"resourceSpans": [_resource(name, found) for name, found in spans.items()]}


def _resource(name: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    attributes = _attributes({"service.name": name, "cloud.provider": "aws"})
    return {
        "resource": {"attributes": attributes},
        "scopeSpans": [{"scope": {"name": "cartwheel.trace"}, "spans": spans}],
    }


def _span(order_id: str, step: Step, by_id: Mapping[str, Step]) -> dict[str, Any]:
    cause = by_id.get(step.cause or "")
    # A link to the same trace is a parent, as far as X-Ray knows.
    same = cause is not None and cause.segment.trace_id == step.segment.trace_id
    kind = _SERVER if step.kind == "api" else _KINDS.get(step.deed, _INTERNAL)
    return {
        **_times(step.segment.trace_id, step.id, step.began, step.ended),
        **({"parentSpanId": cause.id} if cause and same else {}),
        "name": f"{step.name} {step.event}".strip(),
        "kind": kind,
        "attributes": _attributes(
            {
                "order_id": order_id,
                "messaging.message.id": step.event_id,
                "cartwheel.attempt": step.attempt,
                "cartwheel.waited_ms": round(step.waited * 1000) if step.waited is not None else None,
                "faas.coldstart": True if step.started_up else None,
                "error.type": step.error,
            }
        ),
        "links": [_link(cause, step)] if cause and not same else [],
        "status": _status(step.error),
    }


def _call(call: Call, step: Step) -> dict[str, Any]:
    return {
        **_times(step.segment.trace_id, call.segment.id, call.segment.began, call.segment.ended),
        "parentSpanId": step.id,
        "name": f"{call.service}.{call.operation}",
        "kind": _CLIENT,
        "attributes": _attributes(
            {
                "rpc.system": "aws-api",
                "rpc.service": call.service,
                "rpc.method": call.operation,
                "aws.dynamodb.table_names": [call.table] if call.table else None,
                "error.type": call.error,
            }
        ),
        "status": _status(call.error),
    }


def _link(cause: Step, step: Step) -> dict[str, Any]:
    return {
        "traceId": _trace_id(cause.segment.trace_id),
        "spanId": cause.id,
        "attributes": _attributes({"cartwheel.link": step.link}),
    }


def _times(trace_id: str, span_id: str, began: float, ended: float | None) -> dict[str, Any]:
    return {
        "traceId": _trace_id(trace_id),
        "spanId": span_id,
        "startTimeUnixNano": _nanoseconds(began),
        "endTimeUnixNano": _nanoseconds(began if ended is None else ended),
    }


def _trace_id(trace_id: str) -> str:
    _version, seconds, rest = trace_id.split("-")
    return seconds + rest


def _nanoseconds(seconds: float) -> str:
    # 64-bit numbers are strings in JSON. A double has no nanoseconds for today's times; microseconds are exact.
    return str(round(seconds * 1_000_000) * 1000)


def _status(error: str | None) -> dict[str, Any]:
    return {"code": _ERROR, "message": error} if error else {}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None and value != ""]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": str(value)}
