"""An order's traces in a terminal of 80 columns."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from cli.trace_pictures import TracePicture
from contracts.orders_stream import OrderStatus
from deployed.front_door import Event, Order
from deployed.traces import Traced
from deployed.traces.steps import steps_of
from deployed.traces.waiting import waiting
from tests.support import recorded_traces
from tests.support.front_door import Door, Result, event, order
from tests.unit.deployed.test_traces import Deployed

type Run = Callable[..., Result]

GOLDEN = Path(__file__).parent / "golden"
# Thirty seconds after the orders that were recorded.
NOW = 1_800_000_031.0


def found(name: str, *untraced: str) -> Traced:
    steps = steps_of(f"ord_{name}", recorded_traces.segments(name), recorded_traces.names(name))
    placed = Order.model_validate(order(order_id=f"ord_{name}", status=OrderStatus.CONFIRMED))
    missed = tuple(Event.model_validate(event(kind, "00")) for kind in untraced)
    pending = waiting(steps, Deployed(off=True), every_trace_is_kept=False)
    return Traced(placed, tuple(steps), tuple(pending), missed)


def drawn(traced: Traced, *, calls: bool = False, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(TracePicture(traced, NOW, calls=calls))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("name", ["retried", "waiting"])
def test_the_picture(name: str) -> None:
    picture, golden = drawn(found(name)), GOLDEN / f"trace-{name}.txt"
    assert max(map(len, picture.splitlines())) <= 80
    assert picture == golden.read_text()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("calls", [False, True])
def test_no_line_is_too_long_and_no_step_is_lost(width: int, *, calls: bool) -> None:
    traced = found("retried")
    picture = drawn(traced, calls=calls, width=width)
    assert max(map(len, picture.splitlines())) <= width
    if width >= 80:
        assert picture.count("payment.authorize") == 3
        assert picture.count("PutItem") == (20 if calls else 0)


def test_events_without_a_trace_are_named() -> None:
    picture = drawn(found("retried", "OrderConfirmed", "OrderConfirmed"))
    assert "Without a trace: 2 events (OrderConfirmed)." in picture


def test_an_unknown_order_is_an_error_as_elsewhere(run: Run, door: Door) -> None:
    door.answers["GET /orders/ord_1"] = httpx2.Response(404, json={"detail": "There is no such order."})
    said = run("trace", "ord_1")
    assert (said.code, said.err) == (1, "✗ There is no such order. (404)\n")


class XRay:
    """X-Ray with these traces."""

    def __init__(self, name: str | None) -> None:
        self.documents = recorded_traces.documents(name) if name else []
        self.page = ""

    def get_paginator(self, operation: str) -> "XRay":
        self.page = operation
        return self

    def paginate(self, **asked: object) -> list[dict[str, object]]:
        ids = dict.fromkeys(document["trace_id"] for document in self.documents)
        if self.page == "get_trace_summaries":
            return [{"TraceSummaries": [{"Id": trace_id} for trace_id in ids]}]
        wanted = asked["TraceIds"]
        assert isinstance(wanted, list)
        traces = [
            {
                "Id": trace_id,
                "Segments": [
                    {"Document": json.dumps(document)}
                    for document in self.documents
                    if document["trace_id"] == trace_id
                ],
            }
            for trace_id in wanted
        ]
        return [{"Traces": traces}]


@pytest.fixture
def traced(door: Door, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Lets the local stack have these traces."""
    now = datetime.now(UTC).isoformat()

    def have(name: str | None) -> None:
        order_id = f"ord_{name}" if name else "ord_1"
        placed = order(order_id=order_id, status="CONFIRMED", placed_at=now)
        door.answers |= {
            f"GET /orders/{order_id}": httpx2.Response(200, json=placed),
            f"GET /orders/{order_id}/timeline": httpx2.Response(200, json={"events": []}),
        }
        monkeypatch.setattr("deployed.stack.Stack.client", lambda _stack, _service: XRay(name))
        monkeypatch.setattr("deployed.traces._all", lambda _stack: [])
        monkeypatch.setattr("deployed.traces.Names", lambda _paths: recorded_traces.names(name or "retried"))
        monkeypatch.setattr("deployed.traces.Consumers", lambda _stack, _names: Deployed(off=True))

    return have


@pytest.mark.usefixtures("door")
def test_an_order_without_traces_says_so(run: Run, traced: Callable[[str | None], None]) -> None:
    traced(None)
    said = run("trace", "ord_1")
    assert said.code == 1
    assert said.err.startswith("✗ There is no trace of ord_1")


def test_the_json_has_each_step_with_its_cause_and_its_calls(run: Run, traced: Callable[[str | None], None]) -> None:
    traced("retried")
    document = run("trace", "ord_retried", "--json").json
    ids = {step["id"] for step in document["steps"]}
    assert all(step["cause"] in ids for step in document["steps"] if step["cause"])
    confirm = next(step for step in document["steps"] if step["name"] == "order.confirm")
    assert [(call["operation"], call["on"]) for call in confirm["calls"]] == [
        ("GetItem", "Orders"),
        ("PutItem", "Orders"),
    ]
    assert document["waiting"] == []


def test_a_file_for_viewers_is_written_or_the_reason_is_given(
    run: Run, traced: Callable[[str | None], None], tmp_path: Path
) -> None:
    traced("retried")
    file = tmp_path / "traces.json"
    said = run("trace", "ord_retried", "--otlp", str(file))
    assert (said.code, str(file) in said.err.replace("\n", "")) == (0, True)
    assert json.loads(file.read_text())["resourceSpans"]
    refused = run("trace", "ord_retried", "--otlp", str(tmp_path / "nowhere" / "x"))
    assert refused.code == 1
    assert "cannot be written: No such file or directory." in refused.err.replace("\n", " ")
