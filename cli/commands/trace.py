"""`trace`: every function and AWS call of an order, in time, and which led to which."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.arguments import As, OrderOrNewest
from cli.commands.orders import order_or_newest
from cli.session import session_of
from cli.trace_pictures import TracePicture
from contracts.types import rfc3339
from deployed.errors import CommandError
from deployed.traces import Traced, traced
from deployed.traces.otlp import document
from deployed.traces.steps import Call, Step
from deployed.traces.waiting import Waiting


def register(app: typer.Typer) -> None:
    app.command()(trace)


def trace(
    context: typer.Context,
    order_id: OrderOrNewest = None,
    calls: Annotated[bool, typer.Option("--calls", help="Show each AWS call, too.")] = False,
    otlp: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the traces as OpenTelemetry JSON, for a viewer.", show_default=False
        ),
    ] = None,
    email: As = None,
) -> None:
    """Show every function that worked on an order, in time: which event or write led to which, how long each took and
    waited, what failed, and what still waits for its consumer."""
    shop = session_of(context)
    with shop.operator(email) as door:
        order = order_or_newest(door, order_id)
        events = door.timeline(order.order_id)
    found = traced(shop.stack, order, events)
    if otlp:
        _write(otlp, document(order.order_id, found.steps))
        shop.hint(f"Written for a viewer of OpenTelemetry: {otlp}")
    shop.say(_document(found), lambda: TracePicture(found, time.time(), calls=calls))


def _write(file: Path, content: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None


def _document(found: Traced) -> dict[str, Any]:
    return {
        "order_id": found.order.order_id,
        "status": found.order.status,
        "steps": [_step(step) for step in found.steps],
        "waiting": [_waiting(one) for one in found.waiting],
        "untraced": [{"type": event.type, "event_id": event.event_id} for event in found.untraced],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "trace_id": step.segment.trace_id,
        "kind": step.kind,
        "name": step.name,
        "began": _moment(step.began),
        "seconds": None if step.ended is None else round(step.ended - step.began, 6),
        "waited_seconds": None if step.waited is None else round(step.waited, 6),
        "cold_start_seconds": None if step.started_up is None else round(step.started_up, 6),
        "did": step.deed or None,
        "event": step.event or None,
        "event_id": step.event_id or None,
        "attempt": step.attempt,
        "error": step.error,
        "cause": step.cause,
        "link": step.link,
        "calls": [_call(call) for call in step.calls],
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "service": call.service,
        "operation": call.operation,
        "on": call.on or None,
        "began": _moment(call.segment.began),
        "seconds": None if call.segment.ended is None else round(call.segment.ended - call.segment.began, 6),
        "error": call.error,
    }


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "consumer": one.consumer.name,
        "event": one.event,
        "since": _moment(one.since),
        "cause": one.cause,
        "switched_off": one.consumer.off,
    }


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
