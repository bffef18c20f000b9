"""From what the tap recorded to what AWS would bill: pure arithmetic.

Each rule of billing names its source. Lambda's reads of streams, deliveries of SNS and EventBridge as such, and
failed starts are free. SQS bills the requests of those who deliver to a queue and of Lambda, which reads it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from deployed.calls import Call

GB = 1024**3
EVENT_UNIT_BYTES = 64 * 1024
PUT_UNIT_BYTES = 25 * 1024  # Kinesis Data Streams pricing
FIREHOSE_BYTES = 5 * 1024  # each record is rounded up to this (Data Firehose pricing)
# What Lambda itself logs of a run, unless SystemLogLevel is WARN: START, END and REPORT as JSON, measured in an account
# of the same settings by others; it is only used where a function still logs them.
PLATFORM_LINES_BYTES = 700
EXPRESS_STEP_SECONDS, EXPRESS_GB = 0.1, 64 / 1024  # Step Functions pricing: 100 ms steps, 64 MB steps
# X-Ray records the first request each second and 5 % of the others (default sampling rule).
SAMPLED = 0.05
TRANSACTION = 2
READS = {"Query", "Scan", "GetItem", "BatchGetItem"}

type Use = Counter[str]
"""How much of what the price list sells, by the price's name."""


@dataclass(frozen=True)
class Line:
    """One line of a bill. `price` is its name in the price list."""

    service: str
    what: str
    price: str
    amount: float


@dataclass(frozen=True)
class Machines:
    """What the configuration says and no call tells: which state machines are EXPRESS, which functions log platform
    lines, which run on a schedule, so that they belong to the idle month, and which queues are read with a batching
    window."""

    express: frozenset[str] = frozenset()
    talkative: frozenset[str] = frozenset()
    scheduled: frozenset[str] = frozenset()
    gathered: frozenset[str] = frozenset()
    names: Mapping[str, str] | None = None
    """Logical paths by physical name, for tables and functions."""

    def named(self, physical: str) -> str:
        return (self.names or {}).get(physical, physical)


def lines_of(calls: Iterable[Call], machines: Machines, *, express: bool) -> list[Line]:
    """Returns the bill of these calls. `express` bills checkout as an EXPRESS or a STANDARD workflow, whichever ran."""
    seen = [call for call in calls if call.by != "root" and not _idle(call, machines)]
    return [
        *_front_door(seen),
        *_functions(seen, machines),
        *_workflows(seen, machines, express=express),
        *_messages(seen, machines),
        *_units(seen, machines),
        *_clicks(seen),
        *_traces(seen),
    ]


def _idle(call: Call, machines: Machines) -> bool:
    return call.kind == "run" and call.resources[0] in machines.scheduled


def _front_door(calls: Sequence[Call]) -> Iterator[Line]:
    requests = sum(call.kind == "request" for call in calls)
    yield Line("API Gateway", "requests", "api_gateway_rest_request", requests)


def _functions(calls: Sequence[Call], machines: Machines) -> Iterator[Line]:
    """A function's runs at the median of their times: the others waited for a processor of this machine."""
    runs: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.kind == "run":
            runs[call.resources[0]].append(call)
    busy = sum(len(of) * median(call.seconds for call in of) * of[0].units["memory_mb"] / 1024 for of in runs.values())
    logged = sum(
        call.units.get("log_bytes", 0) + (PLATFORM_LINES_BYTES if name in machines.talkative else 0)
        for name, of in runs.items()
        for call in of
    )
    yield Line("Lambda", "runs", "lambda_request", sum(map(len, runs.values())))
    yield Line("Lambda", "GB-seconds", "lambda_arm64_gb_second", busy)
    yield Line("Logs", "GB", "logs_gb", logged / GB)


def _workflows(calls: Sequence[Call], machines: Machines, *, express: bool) -> Iterator[Line]:
    """Checkout is billed as asked for, the other machines as they are."""
    transitions = starts = seconds = 0.0
    for call in calls:
        if call.kind != "execution":
            continue
        is_checkout = machines.named(call.resources[0]) == "Workflows/Checkout"
        if express if is_checkout else call.resources[0] in machines.express:
            starts += 1
            seconds += max(1, math.ceil(call.seconds / EXPRESS_STEP_SECONDS)) * EXPRESS_STEP_SECONDS
        else:
            transitions += call.units["transitions"]
    yield Line("Step Functions", "transitions, STANDARD", "step_functions_standard_transition", transitions)
    yield Line("Step Functions", "executions, EXPRESS", "step_functions_express_request", starts)
    yield Line("Step Functions", "GB-seconds, EXPRESS", "step_functions_express_gb_second", seconds * EXPRESS_GB)


def _messages(calls: Sequence[Call], machines: Machines) -> Iterator[Line]:
    """EventBridge bills each event of up to 64 KB that a service publishes. SQS bills a delivery as a request, and
    Lambda's receiving and deleting of a batch as two. How often it asks while it gathers a batch is not documented:
    once for each message is assumed, which is the most that it can need."""
    events = topics = archived = 0.0
    queues: defaultdict[str, float] = defaultdict(float)
    for call in calls:
        if call.kind == "call" and call.operation == "PutEvents":
            entries = call.units.get("entries", 1)
            events += max(entries, math.ceil(call.sent_bytes / EVENT_UNIT_BYTES))
            archived += call.sent_bytes
        elif call.kind == "call" and call.service == "sns":
            topics += call.units.get("entries", 1)
        elif call.kind == "delivery" and call.service == "sqs":
            queues[_queue_price(call.resources[1])] += 1
        elif call.kind == "run" and ":sqs:" in call.by:
            queues[_queue_price(call.by)] += 1 + (call.units.get("records", 1) if call.by in machines.gathered else 1)
        elif call.kind == "call" and call.service == "sqs":
            queues[_queue_price(" ".join(call.resources))] += 1
    yield Line("EventBridge", "events", "eventbridge_custom_event_64kb", events)
    yield Line("EventBridge", "GB archived", "eventbridge_archive_gb", archived / GB)
    yield Line("SNS", "FIFO messages", "sns_request", topics)
    yield Line("SQS", "requests", "sqs_request", queues["sqs_request"])
    yield Line("SQS", "FIFO requests", "sqs_fifo_request", queues["sqs_fifo_request"])


def _queue_price(name: str) -> str:
    return "sqs_fifo_request" if ".fifo" in name else "sqs_request"


def _units(calls: Sequence[Call], machines: Machines) -> Iterator[Line]:
    for name, amount in sorted(units_of(calls, machines).items()):
        kind, _, place = name.partition(":")
        yield Line("DynamoDB", f"{kind} units, {place}", f"dynamodb_{kind}_unit", amount)


def units_of(calls: Iterable[Call], machines: Machines) -> Counter[str]:
    """Returns DynamoDB's units by kind and place, `write:Order/Orders/by_customer`."""
    found: Counter[str] = Counter()
    for call in calls:
        for name, amount in call.units.items():
            kind, _, place = name.partition(":")
            if kind in ("write", "read") and call.by != "root":
                table, _, index = place.partition("/")
                found[f"{kind}:{machines.named(table)}{'/' + index if index else ''}"] += amount  # type: ignore[assignment]
    return found


def _clicks(calls: Sequence[Call]) -> Iterator[Line]:
    put = firehose = 0.0
    for call in calls:
        if call.kind == "call" and call.service == "kinesis" and call.operation.startswith("PutRecord"):
            records = call.units.get("records", 1)
            put += max(records, math.ceil(call.sent_bytes / PUT_UNIT_BYTES))
            firehose += records * FIREHOSE_BYTES
    yield Line("Kinesis", "PUT units", "kinesis_put_unit_25kb", put)
    yield Line("Firehose", "GB", "firehose_gb", firehose / GB)


def _traces(calls: Sequence[Call]) -> Iterator[Line]:
    """A request to the API, a batch of a stream and an execution begin a trace; what they cause belongs to it."""
    begun = sum(
        call.kind == "request" or (call.kind == "run" and (":dynamodb:" in call.by or ":kinesis:" in call.by))
        for call in calls
    )
    yield Line("X-Ray", f"traces ({SAMPLED:.0%} are recorded)", "xray_trace", begun * SAMPLED)


def floor_of(lines: Iterable[Line], calls: Iterable[Call]) -> list[Line]:
    """Returns the same bill if nothing were indexed, transactional, logged or traced, and functions took no time: what
    the requests, events, messages and rows themselves cost, which no setting can save."""
    transacted = sum(
        amount / TRANSACTION
        for call in calls
        if call.operation.startswith("Transact") and call.by != "root"
        for name, amount in call.units.items()
        if name.startswith("write:") and "/" not in name
    )
    left = [
        line
        for line in lines
        if line.service not in {"Logs", "X-Ray"}
        and line.what != "GB-seconds"
        and not (line.price == "dynamodb_write_unit" and line.what.count("/") > 1)
    ]
    return [*left, Line("DynamoDB", "saved without transactions", "dynamodb_write_unit", -transacted)]
