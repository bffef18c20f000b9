"""X-Ray: the daemon that functions send to, the segments of the services, and the API that returns traces.

AWS: functions send subsegments to a daemon beside them (AWS_XRAY_DAEMON_ADDRESS). Lambda itself sends the segments
AWS::Lambda and AWS::Lambda::Function, which those subsegments hang from, and sets _X_AMZN_TRACE_ID at each invocation.
API Gateway and Step Functions send segments of theirs and hand the trace on to functions. EventBridge and SNS hand it
on to their targets, in SQS as the message attribute AWSTraceHeader. A function that reads a queue begins a trace of its
own, which is linked to those of the messages. Streams hand on nothing (X-Ray Developer Guide, "Integrating AWS X-Ray
with other AWS services", "Tracing event-driven applications").
Emulator: sets a new _X_AMZN_TRACE_ID for each invocation, whoever invokes, and has neither daemon, segments nor API.
Fix: all of it, with every trace sampled. Left out: segments of SNS, EventBridge and SQS, and most of the API.
Goes when: MiniStack has X-Ray.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from emulator.patching import module, original
from emulator.traces import Document, Traces, began, new_id, new_trace_id

EXECUTE = "api_id stage_name method path headers body query_params"
HEADER = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24});Parent=([0-9a-f]{16})(;.*)?", re.ASCII)
MOST_LINKS = 20  # of one segment
MOST_TRACES = 5  # in a call of BatchGetTraces
FILTER = re.compile(r'\s*annotation[.\[]([A-Za-z0-9_]+)\]?\s*=\s*"([^"\\]*)"\s*')


@dataclass(frozen=True)
class Header:
    """Where a call comes from: its trace, and the segment or subsegment in it."""

    root: str
    parent: str

    @classmethod
    def parsed(cls, text: str | None) -> "Header | None":
        found = HEADER.fullmatch(text or "")
        return cls(found[1], found[2]) if found else None

    def __str__(self) -> str:
        return f"Root={self.root};Parent={self.parent};Sampled=1"


@dataclass
class Invocation:
    """One run of a function. `began` is when its environment had time for it."""

    header: Header
    began: float = field(default_factory=time.time)
    started_up: tuple[float, float] | None = None


_caller: ContextVar[Header | None] = ContextVar("the trace that calls the service now", default=None)
_running: ContextVar[Invocation | None] = ContextVar("the invocation that this thread carries out", default=None)


def apply() -> None:
    traces = Traces(Path(os.environ["STATE_DIR"]).parent / "traces")
    os.environ["AWS_XRAY_DAEMON_ADDRESS"] = traces.listen()  # functions inherit it
    _requests(module("app"))
    _functions(module("services.lambda_svc"), module("core.lambda_runtime"), traces)
    _apis(module("services.apigateway_v1"), traces)
    _executions(module("services.stepfunctions"), traces)
    _messages(module("services.sqs"))
    _serve(module("app"), module("core.router"), traces)


def _requests(server: Any) -> None:
    """A call may come from a trace: the SDK says so in a header."""
    inside = original(server, "app", "scope receive send")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope.get("headers") or ()).get(b"x-amzn-trace-id", b"")
        _caller.set(Header.parsed(sent.decode("latin-1")))
        await inside(scope, receive, send)

    server.app = app


def _functions(functions: Any, runtime: Any, traces: Traces) -> None:
    dispatch = original(functions, "_execute_function_dispatch", "func config event request_id started")
    header_of = original(functions, "_xray_trace_id_for_invocation", "config inbound_trace_header")
    invoke = original(runtime.Worker, "invoke", "self event request_id trace_id depth durable invoked_function_arn")
    spawn = original(runtime.Worker, "_spawn", "self")

    @wraps(dispatch)
    def execute(func: Any, config: dict[str, Any], event: Any, request_id: str, started: float) -> Any:
        if (config.get("TracingConfig") or {}).get("Mode") != "Active":
            return dispatch(func, config, event, request_id, started)
        upstream = _caller.get()
        run = Invocation(Header(upstream.root if upstream else new_trace_id(), new_id()))
        traces.begin(run.header.root)
        token = _running.set(run)
        result: Any = {"error": True}
        try:
            result = dispatch(func, config, event, request_id, started)
        finally:
            _running.reset(token)
            for segment in _segments_of(run, upstream, config, request_id, started, result):
                traces.keep(segment | ({} if upstream else _links(event)))
        return result

    @wraps(header_of)
    def trace_header(config: dict[str, Any], inbound_trace_header: str | None = None) -> Any:
        run = _running.get()
        return str(run.header) if run else header_of(config, inbound_trace_header)

    @wraps(invoke)
    def invoke_worker(self: Any, *arguments: Any, **options: Any) -> Any:
        if run := _running.get():
            run.began = time.time()
        return invoke(self, *arguments, **options)

    @wraps(spawn)
    def spawn_worker(self: Any) -> None:
        since = time.time()
        spawn(self)
        if run := _running.get():
            run.started_up = since, time.time()

    functions._execute_function_dispatch = execute
    functions._xray_trace_id_for_invocation = trace_header
    runtime.Worker.invoke = invoke_worker
    runtime.Worker._spawn = spawn_worker


def _segments_of(
    run: Invocation, upstream: Header | None, config: dict[str, Any], request_id: str, started: float, result: Any
) -> Iterable[Document]:
    """Lambda's own segment, and within it that of the function, in which the function's subsegments are."""
    name, ended = config["FunctionName"], time.time()
    about = {"function_arn": config["FunctionArn"], "request_id": request_id}
    segment = {"trace_id": run.header.root, "name": name, "end_time": ended, "aws": about}
    fault: Document = {"fault": True} if result.get("error") else {}
    service = new_id()
    yield {
        **segment,
        **fault,
        "id": service,
        "start_time": started,
        "origin": "AWS::Lambda",
        **({"parent_id": upstream.parent} if upstream else {}),
    }
    if fault:
        body = result.get("body")
        kind = body.get("errorType") if isinstance(body, dict) else None
        fault["cause"] = {"exceptions": [{"id": new_id(), "type": kind or "Unknown"}]}
    inside = [
        {"id": new_id(), "name": "Initialization", "start_time": since, "end_time": until}
        for since, until in ([run.started_up] if run.started_up else [])
    ]
    yield {
        **segment,
        **fault,
        "id": run.header.parent,
        "parent_id": service,
        "start_time": run.began,
        "origin": "AWS::Lambda::Function",
        **({"subsegments": inside} if inside else {}),
    }


def _links(event: Any) -> Document:
    """What a batch of messages comes from."""
    records = event.get("Records") if isinstance(event, dict) else None
    sent = [
        Header.parsed((record.get("attributes") or {}).get("AWSTraceHeader"))
        for record in records or ()
        if isinstance(record, dict) and record.get("eventSource") == "aws:sqs"
    ]
    found = [
        {"trace_id": header.root, "id": header.parent, "attributes": {"ReferenceType": "parent"}}
        for header in dict.fromkeys(header for header in sent if header)
    ]
    return {"links": found[:MOST_LINKS]} if found else {}


def _apis(gateway: Any, traces: Traces) -> None:
    execute = original(gateway, "handle_execute", EXECUTE)

    @wraps(execute)
    async def handle_execute(api_id: str, stage_name: str, method: str, path: str, *rest: Any, **options: Any) -> Any:
        client = _caller.get()
        here = Header(client.root if client else new_trace_id(), new_id())
        traces.begin(here.root)
        started, status = time.time(), 500
        token = _caller.set(here)
        try:
            answer = await execute(api_id, stage_name, method, path, *rest, **options)
            status = int(answer[0])
        finally:
            _caller.reset(token)
            api = gateway._rest_apis.get(api_id) or {"name": api_id}
            traces.keep(
                {
                    "trace_id": here.root,
                    "id": here.parent,
                    **({"parent_id": client.parent} if client else {}),
                    "name": f"{api['name']}/{stage_name}",
                    "origin": "AWS::ApiGateway::Stage",
                    "start_time": started,
                    "end_time": time.time(),
                    "http": {"request": {"method": method, "url": path}, "response": {"status": status}},
                    **_by_status(status),
                }
            )
        return answer

    gateway.handle_execute = handle_execute


def _by_status(status: int) -> Document:
    if status >= 500:
        return {"fault": True}
    if status == 429:
        return {"error": True, "throttle": True}
    return {"error": True} if status >= 400 else {}


def _executions(machines: Any, traces: Traces) -> None:
    run = original(machines, "_run_execution", "exec_arn")

    @wraps(run)
    def run_execution(exec_arn: str) -> None:
        upstream = _caller.get()
        here = Header(upstream.root if upstream else new_trace_id(), new_id())
        traces.begin(here.root)
        machine = machines._executions.get(exec_arn, {}).get("stateMachineArn", exec_arn)
        segment = {
            "trace_id": here.root,
            "id": here.parent,
            **({"parent_id": upstream.parent} if upstream else {}),
            "name": machine.rpartition(":")[2],
            "origin": "AWS::StepFunctions::StateMachine",
            "start_time": time.time(),
            "aws": {"execution_arn": exec_arn},
        }
        traces.keep({**segment, "in_progress": True})  # it may wait for days
        token = _caller.set(here)
        try:
            run(exec_arn)
        finally:
            _caller.reset(token)
            failed = machines._executions.get(exec_arn, {}).get("status") not in {"SUCCEEDED", "RUNNING"}
            traces.keep({**segment, "end_time": time.time(), **({"fault": True} if failed else {})})

    machines._run_execution = run_execution


def _messages(sqs: Any) -> None:
    """Messages say which trace sent them: those of EventBridge and SNS, and those of a client."""
    complete = original(sqs, "_ensure_msg_fields", "m")
    system_attributes = original(sqs, "_build_send_sys_attrs", "now sys_attrs_input")

    @wraps(complete)
    def ensure_fields(m: dict[str, Any]) -> None:
        new = "first_receive_at" not in m
        complete(m)
        if new and (header := _caller.get()):
            m["sys"].setdefault("AWSTraceHeader", str(header))

    @wraps(system_attributes)
    def build_attributes(now: float, sys_attrs_input: dict[str, Any]) -> Any:
        found = system_attributes(now, sys_attrs_input)
        if header := _caller.get():
            found.setdefault("AWSTraceHeader", str(header))
        return found

    sqs._ensure_msg_fields = ensure_fields
    sqs._build_send_sys_attrs = build_attributes


def _serve(server: Any, router: Any, traces: Traces) -> None:
    """GetTraceSummaries by one annotation, and BatchGetTraces."""

    async def handle(_method: str, path: str, _headers: Any, body: bytes, _query: Any) -> Any:
        asked = json.loads(body or b"{}")
        if path == "/TraceSummaries":
            return await asyncio.to_thread(_summaries, traces, asked)
        if path == "/Traces":
            return await asyncio.to_thread(_batch, traces, asked)
        return _answer(400, {"message": f"The embedded AWS has no {path} of X-Ray"}, "InvalidRequestException")

    server.SERVICE_HANDLERS["xray"] = handle
    router.SERVICE_PATTERNS.setdefault("xray", {})


def _summaries(traces: Traces, asked: Document) -> Any:
    wanted = FILTER.fullmatch(asked.get("FilterExpression", ""))
    if not wanted:
        why = 'The embedded AWS finds traces only by one annotation: annotation.name = "value"'
        return _answer(400, {"message": why}, "InvalidRequestException")
    found = traces.annotated(wanted[1], wanted[2], float(asked["StartTime"]), float(asked["EndTime"]))
    return _answer(
        200,
        {
            "TraceSummaries": [{"Id": trace_id, "StartTime": began(trace_id)} for trace_id in found],
            "TracesProcessedCount": len(found),
            "ApproximateTime": time.time(),
        },
    )


def _batch(traces: Traces, asked: Document) -> Any:
    ids = asked.get("TraceIds") or []
    if len(ids) > MOST_TRACES:
        why = f"TraceIds has {len(ids)} members, at most {MOST_TRACES} are allowed"
        return _answer(400, {"message": why}, "InvalidRequestException")
    documents = traces.of(set(ids))
    found = []
    for trace_id in ids:
        # The last document of a segment counts: an earlier one said that it was in progress.
        parts = {document["id"]: document for document in documents if document["trace_id"] == trace_id}
        if parts:
            segments = [{"Id": part["id"], "Document": json.dumps(part)} for part in parts.values()]
            found.append({"Id": trace_id, "LimitExceeded": False, "Segments": segments})
    return _answer(200, {"Traces": found, "UnprocessedTraceIds": []})


def _answer(status: int, document: Document, error: str = "") -> Any:
    headers = {"Content-Type": "application/json", **({"x-amzn-ErrorType": error} if error else {})}
    return status, headers, json.dumps(document).encode()
