"""What the tap records becomes a bill: each call is counted as AWS would bill it."""

import copy
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployed.calls import Call
from deployed.meter.bill import by_service, priced, total
from deployed.meter.growth import grown
from deployed.meter.prices import list_prices
from deployed.meter.usage import Line, Machines, floor_of, lines_of

RECORDED = json.loads((Path(__file__).resolve().parents[3] / "docs" / "cost.json").read_text())
CHECKOUT = "arn:aws:states:here:1:stateMachine:checkout"
MACHINES = Machines(
    names={"orders-1": "Order/Orders", CHECKOUT: "Workflows/Checkout"}, scheduled=frozenset({"reconcile"})
)


def call(kind: str, service: str, operation: str, **rest: Any) -> Call:
    given: dict[str, Any] = {"at": 0.0, "seconds": 0.1, "by": "role"}
    return Call(kind=kind, service=service, operation=operation, **given | rest)  # type: ignore[arg-type]


def amounts(*calls: Call, express: bool = True) -> dict[str, float]:
    lines = lines_of(calls, MACHINES, express=express)
    return {f"{line.service}: {line.what}": line.amount for line in lines if line.amount}


def test_units_are_counted_by_table_and_index_under_their_names() -> None:
    write = call("call", "dynamodb", "PutItem", units={"write:orders-1": 2.0, "write:orders-1/by_customer": 1.0})
    assert amounts(write, write) == {
        "DynamoDB: write units, Order/Orders": 4.0,
        "DynamoDB: write units, Order/Orders/by_customer": 2.0,
    }


def test_what_the_meter_itself_does_is_not_counted() -> None:
    assert amounts(call("call", "dynamodb", "GetItem", by="root", units={"read:orders-1": 1.0})) == {}


def test_a_function_is_billed_by_its_memory_and_the_median_of_its_times() -> None:
    runs = [
        call("run", "lambda", "Invoke", by="", seconds=seconds, resources=("place",), units={"memory_mb": 512.0})
        for seconds in (0.1, 0.1, 9.9)
    ]
    assert amounts(*runs) == {"Lambda: runs": 3, "Lambda: GB-seconds": pytest.approx(0.15)}


def test_a_batch_from_a_queue_is_received_and_deleted_at_once() -> None:
    queue = "arn:aws:sqs:here:1:timeline"
    batch = call("run", "lambda", "Invoke", by=queue, resources=("f",), units={"memory_mb": 512.0, "records": 10.0})
    delivered = [call("delivery", "sqs", "deliver", by="events", resources=("rule", queue)) for _ in range(10)]
    assert amounts(batch, *delivered)["SQS: requests"] == 12


def test_each_message_of_a_batch_that_is_gathered_may_need_a_request() -> None:
    queue = "arn:aws:sqs:here:1:timeline"
    batch = call("run", "lambda", "Invoke", by=queue, resources=("f",), units={"memory_mb": 512.0, "records": 8.0})
    machines = replace(MACHINES, gathered=frozenset({queue}))
    (found,) = (line for line in lines_of([batch], machines, express=True) if line.price == "sqs_request")
    assert found.amount == 9


def test_fifo_queues_have_their_own_price() -> None:
    delivered = call("delivery", "sqs", "deliver", by="sns", resources=("topic", "arn:aws:sqs:here:1:mail.fifo"))
    assert amounts(delivered) == {"SQS: FIFO requests": 1}


def test_checkout_is_billed_as_asked_for() -> None:
    ran = call("execution", "states", "SUCCEEDED", seconds=0.42, resources=(CHECKOUT, "it"), units={"transitions": 6.0})
    assert amounts(ran, express=False) == {"Step Functions: transitions, STANDARD": 6.0}
    assert amounts(ran) == {
        "Step Functions: executions, EXPRESS": 1,
        "Step Functions: GB-seconds, EXPRESS": pytest.approx(0.5 * 64 / 1024),
    }


def test_an_event_above_64_kb_counts_more_than_once() -> None:
    assert (
        amounts(call("call", "events", "PutEvents", units={"entries": 1.0}, sent_bytes=200_000))["EventBridge: events"]
        == 4
    )


def test_what_runs_on_a_schedule_belongs_to_the_idle_month() -> None:
    assert amounts(call("run", "lambda", "Invoke", by="", resources=("reconcile",), units={"memory_mb": 512.0})) == {}


def test_the_floor_has_no_indexes_transactions_logs_and_time() -> None:
    calls = [
        call("call", "dynamodb", "TransactWriteItems", units={"write:orders-1": 4.0}),
        call("call", "dynamodb", "PutItem", units={"write:orders-1": 1.0, "write:orders-1/by_customer": 1.0}),
        call("run", "lambda", "Invoke", by="", resources=("f",), units={"memory_mb": 512.0, "log_bytes": 1000.0}),
    ]
    lines = lines_of(calls, MACHINES, express=True)
    left: Counter[str] = Counter()
    for line in floor_of(lines, calls):
        left[line.service] += line.amount  # type: ignore[assignment]
    assert {name: amount for name, amount in left.items() if amount} == {"DynamoDB": 3.0, "Lambda": 1.0}


def test_a_bill_is_amount_times_price() -> None:
    bill = priced([Line("SQS", "requests", "sqs_request", 10.0)], list_prices(), 100_000)
    assert total(bill) == pytest.approx(0.4)
    assert by_service(bill) == {"SQS": pytest.approx(0.4)}


def test_what_was_recorded_has_not_grown() -> None:
    assert list(grown(RECORDED, RECORDED)) == []


@pytest.mark.parametrize("more", [1_000_000, 200_000])
def test_a_unit_more_per_order_shows(more: int) -> None:
    """A new write of one order in five is enough."""
    found = copy.deepcopy(RECORDED)
    line = next(one for one in found["per_million"]["EXPRESS"]["lines"] if one["what"] == "write units, Order/Orders")
    line["amount"] += more
    assert [what.partition(":")[0] for what in grown(RECORDED, found)] == ["write units, Order/Orders"]


def test_a_table_that_nobody_has_recorded_shows() -> None:
    found = copy.deepcopy(RECORDED)
    found["per_million"]["EXPRESS"]["lines"].append(
        {"service": "DynamoDB", "what": "write units, Order/News", "amount": 1e6, "usd": 0.6}
    )
    assert [what.partition(":")[0] for what in grown(RECORDED, found)] == ["write units, Order/News"]
