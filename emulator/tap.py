"""The tap: a record of what the shop really does, taken outside the services, where the embedded AWS does it.

It stands around the dispatch of calls, the decisions of IAM, DynamoDB's count of units, requests to the API, runs of
functions, deliveries by buses and topics, and ends of executions. `deployed.calls` reads what it writes.
"""

import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from deployed.calls import FILE, Call, Check
from emulator.patching import module, original
from emulator.private import OWNER_ONLY

MOST_BYTES = 256 * 1024 * 1024  # of one file; the one before is kept
ORDER = re.compile(r"ord_[0-9a-f]{32}")
MOST_ORDERS = 10
READ_UNIT_BYTES = 4096
BATCH_ENTRY = re.compile(rb"PublishBatchRequestEntries\.member\.\d+\.Id=")
TRACE = re.compile(r"Root=([^;]+)")
INDEXES = {"ReturnConsumedCapacity": "INDEXES"}
# Their answers say what they used; the others are counted item by item.
COUNTED_WHOLE = ("_transact_write_items", "_transact_get_items", "_batch_write_item", "_batch_get_item")
# What a call with several entries is counted in.
ENTRIES = {"Entries": "entries", "PublishBatchRequestEntries": "entries", "Records": "records"}


@dataclass
class Seen:
    """What is learned about a call while it is carried out."""

    checks: list[Check] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)


_seen: ContextVar[Seen | None] = ContextVar("what the call under way has used", default=None)


class Tap:
    """Appends records to a file. Each is one system call, so that a killed server leaves whole lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.file, self.size = self._open()

    def _open(self) -> tuple[int, int]:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        return descriptor, os.fstat(descriptor).st_size

    def record(self, call: Call) -> None:
        line = call.line().encode() + b"\n"
        if self.size > MOST_BYTES:
            self.path.replace(self.path.with_name(f"{FILE}.1"))
            os.close(self.file)
            self.file, self.size = self._open()
        self.size += os.write(self.file, line)


def apply() -> Tap:
    """Puts the tap on the emulator itself. Fixes are applied around it: what they refuse or add is not seen twice."""
    tap = Tap(Path(os.environ["STATE_DIR"]).parent)
    _calls(tap)
    _decisions()
    _units()
    _requests(tap)
    _runs(tap)
    _deliveries(tap)
    _executions(tap)
    return tap


def _calls(tap: Tap) -> None:
    server = module("app")
    original(server, "detect_service", "method path headers query_params")
    # The second serves SES's version 2 before the first is asked.
    for name in ("_dispatch_service_request", "_handle_ses_v2_request"):
        dispatch = original(server, name, "method path headers body query_params request_id")
        setattr(server, name, _recorded(tap, dispatch))


def _recorded(tap: Tap, dispatch: Any) -> Any:
    evaluator = module("core.iam_evaluator")

    @wraps(dispatch)
    async def dispatch_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any], request: str
    ) -> Any:
        seen, began = Seen(), time.time()
        token = _seen.set(seen)
        try:
            response = await dispatch(method, path, headers, body, query_params, request)
        finally:
            _seen.reset(token)
        if response is not None and (seen.checks or seen.units):
            status, answered, answer = response
            service, _, operation = _operation(headers, query_params, body, seen).partition(":")
            _note_entries(headers, body, seen.units)
            tap.record(
                Call(
                    kind="call",
                    at=began,
                    seconds=round(time.time() - began, 6),
                    by=role_of(evaluator.request_caller_arn(headers, query_params)),
                    service=service,
                    operation=operation,
                    resources=tuple(dict.fromkeys(check.resource for check in seen.checks)),
                    checks=tuple(dict.fromkeys(seen.checks)),
                    units=dict(seen.units),
                    sent_bytes=len(body),
                    received_bytes=len(answer) if isinstance(answer, bytes | str) else 0,
                    status=int(status),
                    error=_error(answered, answer) if int(status) >= 400 else "",
                    trace=_trace(headers),
                    orders=orders_in(body),
                )
            )
        return response

    return dispatch_request


def _operation(headers: Mapping[str, str], query_params: Mapping[str, Any], body: bytes, seen: Seen) -> str:
    """`service:Operation`, by the name that the caller used; IAM's name where the request has none."""
    action = seen.checks[0].action if seen.checks else "dynamodb:"
    named = operation_of(headers, query_params, body)
    return f"{action.partition(':')[0]}:{named}" if named else action


def operation_of(headers: Mapping[str, str], query_params: Mapping[str, Any], body: bytes) -> str:
    """The operation as the request names it; empty if it names none, as requests of REST protocols do."""
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    named = query_params.get("Action") or _form_action(body)
    return str(named[0] if isinstance(named, list) else named)


def _form_action(body: bytes) -> str:
    found = re.match(rb"(?:[^{<]*&)?Action=(\w+)", body[:4096])
    return found[1].decode() if found else ""


def role_of(arn: str) -> str:
    """The name of the role or user: of `assumed-role/ROLE/SESSION`, the role."""
    return arn.split("/")[1] if "/" in arn else arn.rpartition(":")[2]


def _note_entries(headers: Mapping[str, str], body: bytes, units: Counter[str]) -> None:
    if b"Action=PublishBatch" in body:  # SNS speaks AWS's query protocol
        units["entries"] += len(BATCH_ENTRY.findall(body))
    elif headers.get("x-amz-target", "").endswith(("PutEvents", "Batch", "PutRecords")):
        request = json.loads(body)
        for name, unit in ENTRIES.items():
            if isinstance(request.get(name), list):
                units[unit] += len(request[name])


def _error(headers: Mapping[str, str], answer: Any) -> str:
    """AWS's name of what went wrong, as far as the answer has it."""
    kind = headers.get("x-amzn-errortype", "")
    if not kind and isinstance(answer, bytes | str):
        text = answer if isinstance(answer, str) else answer.decode("utf-8", "replace")
        found = re.search(r'"(?:__type|code|Code)"\s*:\s*"([^"]+)"|<Code>([^<]+)</Code>', text)
        kind = (found[1] or found[2]) if found else "error"
    return kind.rpartition("#")[2].partition(":")[0]


def _trace(headers: Mapping[str, str]) -> str:
    found = TRACE.search(headers.get("x-amzn-trace-id", ""))
    return found[1] if found else ""


def orders_in(content: bytes | str) -> tuple[str, ...]:
    """The ids of orders that the content names."""
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return tuple(dict.fromkeys(ORDER.findall(text)))[:MOST_ORDERS]


def _decisions() -> None:
    evaluator = module("core.iam_evaluator")
    enforce = original(evaluator, "enforce", "access_key_id iam_action service region resource_arn service_context")

    @wraps(enforce)
    def decide(
        access_key_id: str, iam_action: str, service: str, region: str, resource_arn: str = "*", **options: Any
    ) -> Any:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn=resource_arn, **options)
        if (seen := _seen.get()) is not None:
            seen.checks.append(Check(iam_action, resource_arn, denied is None))
        return denied

    evaluator.enforce = decide


def _units() -> None:
    """DynamoDB counts units when it is asked to: it is asked each time, and tells only a caller who asked."""
    tables = module("services.dynamodb")
    parameters = "result data table_name write old_item new_item index_name"
    add = original(tables, "_add_consumed_capacity", parameters)

    @wraps(add)
    def add_consumed_capacity(result: Any, data: Any, table_name: str, write: bool = False, **items: Any) -> None:
        add(result, data, table_name, write, **items)
        counted: dict[str, Any] = {}
        add(counted, {**data, **INDEXES}, table_name, write, **items)
        times = 1 if write else _read_units(tables, result)
        _note_units("write" if write else "read", [counted["ConsumedCapacity"]], times)

    tables._add_consumed_capacity = add_consumed_capacity
    for name in COUNTED_WHOLE:
        setattr(tables, name, _counted(original(tables, name, "data"), "write" if "write" in name else "read"))


def _read_units(tables: Any, result: Mapping[str, Any]) -> int:
    """How many units of 4 KB were read: the emulator counts one, whatever the size."""
    found = result.get("Items", [result["Item"]] if "Item" in result else [])
    size: int = sum(tables._item_size_bytes(item) for item in found)
    return max(1, math.ceil(size / READ_UNIT_BYTES))


def _counted(handler: Any, kind: str) -> Any:
    @wraps(handler)
    def handle(data: dict[str, Any]) -> Any:
        asked = data.get("ReturnConsumedCapacity", "NONE")
        if asked not in ("NONE", "TOTAL", "INDEXES"):
            return handler(data)
        status, headers, body = handler({**data, **INDEXES})
        if status == 200:
            answer = json.loads(body)
            _note_units(kind, answer.get("ConsumedCapacity", ()))
            if asked == "NONE":
                answer.pop("ConsumedCapacity", None)
                body = json.dumps(answer, ensure_ascii=False).encode()
        return status, headers, body

    return handle


def _note_units(kind: str, consumed: Sequence[Mapping[str, Any]], times: int = 1) -> None:
    seen = _seen.get()
    if seen is None:
        return
    for one in consumed:
        table, rest = one["TableName"].rpartition("/")[2], one["CapacityUnits"] * times
        for indexes in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            for index, used in one.get(indexes, {}).items():
                units = used["CapacityUnits"] * times
                seen.units[f"{kind}:{table}/{index}"] += units
                rest -= units
        if rest:
            seen.units[f"{kind}:{table}"] += rest


def _requests(tap: Tap) -> None:
    gateway = module("services.apigateway_v1")
    execute = original(gateway, "handle_execute", "api_id stage_name method path headers body query_params")

    @wraps(execute)
    async def handle_execute(api_id: str, stage: str, method: str, path: str, *rest: Any, **options: Any) -> Any:
        began = time.time()
        status, headers, answer = await execute(api_id, stage, method, path, *rest, **options)
        body = rest[1] if len(rest) > 1 else options.get("body") or b""
        said = answer if isinstance(answer, bytes | str) else b""
        tap.record(
            Call(
                kind="request",
                at=began,
                seconds=round(time.time() - began, 6),
                by="client",
                service="execute-api",
                operation=f"{method} {path}",
                resources=(api_id,),
                sent_bytes=len(body or b""),
                received_bytes=len(said),
                status=int(status),
                orders=orders_in(path) or orders_in(said),
            )
        )
        return status, headers, answer

    gateway.handle_execute = handle_execute


def _runs(tap: Tap) -> None:
    functions = module("services.lambda_svc")
    execute = original(functions, "_execute_function_dispatch", "func config event request_id started")

    @wraps(execute)
    def execute_function(func: Any, config: Mapping[str, Any], event: Any, request_id: str, started: float) -> Any:
        began = time.time()
        result = execute(func, config, event, request_id, started)
        sent = json.dumps(event, default=str)
        trouble = result.get("body") if result.get("error") else None
        tap.record(
            Call(
                kind="run",
                at=began,
                seconds=round(time.time() - began, 6),
                by=_source(event),
                service="lambda",
                operation="Invoke",
                resources=(config["FunctionName"],),
                units={
                    "records": len(event["Records"]) if isinstance(event, dict) and "Records" in event else 1,
                    "memory_mb": float(config.get("MemorySize", 128)),
                    "log_bytes": len((result.get("log") or "").encode()),
                },
                sent_bytes=len(sent),
                received_bytes=len(json.dumps(result.get("body"), default=str)),
                status=200 if trouble is None else 500,
                error=str(trouble.get("errorType", "error")) if isinstance(trouble, dict) else "",
                orders=orders_in(sent),
            )
        )
        return result

    functions._execute_function_dispatch = execute_function


def _source(event: Any) -> str:
    """What started a run: the ARN of the queue or stream that was read, `execute-api`, or nothing for a direct call."""
    if not isinstance(event, dict):
        return ""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        return str(records[0].get("eventSourceARN") or records[0].get("EventSource") or "")
    if "requestContext" in event:
        return "execute-api"
    return str(event.get("eventSourceArn") or event.get("eventSource") or "")


def _deliveries(tap: Tap) -> None:
    events, topics = module("services.eventbridge"), module("services.sns")
    invoke = original(events, "_invoke_target", "target event rule view")
    deliver = original(
        topics,
        "_deliver_to_sqs",
        "endpoint envelope raw raw_message message_group_id message_dedup_id message_attributes topic_arn",
    )

    def delivery(service: str, source: str, target: str, content: str) -> None:
        tap.record(
            Call(
                kind="delivery",
                at=time.time(),
                seconds=0.0,
                by=service,
                service=target.split(":")[2] if target.count(":") > 4 else "sqs",
                operation="deliver",
                resources=(source, target),
                sent_bytes=len(content),
                orders=orders_in(content),
            )
        )

    @wraps(invoke)
    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        invoke(target, event, rule, view)
        delivery("events", rule.get("Arn", ""), target.get("Arn", ""), json.dumps(event, default=str))

    @wraps(deliver)
    def deliver_to_sqs(endpoint: str, envelope: str, raw: bool, raw_message: str, **options: Any) -> None:
        deliver(endpoint, envelope, raw, raw_message, **options)
        delivery("sns", options.get("topic_arn", ""), endpoint, raw_message if raw else envelope)

    events._invoke_target = invoke_target
    topics._deliver_to_sqs = deliver_to_sqs


def _executions(tap: Tap) -> None:
    machines = module("services.stepfunctions")
    emit = original(machines, "_emit_execution_status_event", "execution")

    @wraps(emit)
    def emit_status(execution: dict[str, Any]) -> None:
        emit(execution)
        if execution["status"] == "RUNNING":
            return
        history = execution.get("events") or ()
        entered = sum(event["type"].endswith("StateEntered") for event in history)
        began, ended = (machines._iso_to_epoch_ms(execution.get(name)) for name in ("startDate", "stopDate"))
        tap.record(
            Call(
                kind="execution",
                at=began / 1000,
                seconds=max(0.0, (ended or began) - began) / 1000,
                by="states",
                service="states",
                operation=execution["status"],
                resources=(execution["stateMachineArn"], execution["executionArn"]),
                units={"transitions": 1.0 + entered},
                sent_bytes=len(execution.get("input") or ""),
                orders=orders_in(execution.get("input") or ""),
            )
        )

    machines._emit_execution_status_event = emit_status
