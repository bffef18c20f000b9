"""Fault injection: carries out the plan in `faults.json`, beside the tap, where the embedded AWS does what it is asked.

A plan (`deployed.faults`) harms only what the shop's own parts do: calls by roles of functions, requests to the API,
deliveries, batches. Calls of the root user (tests, operators, deployments) and Cognito are left alone. Without a plan
nothing happens, at the price of one look at the file per operation. Each fault is recorded by the tap.
"""

import asyncio
import contextlib
import json
import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from deployed.calls import Call
from deployed.faults import FILE, Course, Fault, Kind, Operation, Plan, Where
from emulator.patching import module, original
from emulator.tap import Tap, operation_of, orders_in, role_of

SPARED = {"cognito-idp", "cognito-identity", "cloudformation", "iam", "sts", "logs", "xray", "monitoring"}
HURRY_SECONDS = 1.0
MOST_CALLS = 2_000  # whose retries are recognized
WORKER = "AWS_SDK_UA_APP_ID"  # which botocore adds to its User-Agent
THROTTLED = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "kinesis": ("ProvisionedThroughputExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "sqs": ("RequestThrottled", 403),
    "sns": ("ThrottledException", 429),
    "s3": ("SlowDown", 503),
    "ses": ("TooManyRequestsException", 429),
}
# Batches that are throttled entry by entry, within an answer that is a success.
ENTRIES = {
    "PutEvents": ("Entries", "FailedEntryCount", "Entries"),
    "PutRecords": ("Records", "FailedRecordCount", "Records"),
}
JSON = {"Content-Type": "application/json"}

type Answer = tuple[int, dict[str, str], bytes]


class Injector:
    """The plan in force, and what it has begun to do."""

    def __init__(self, folder: Path, tap: Tap) -> None:
        self.path, self.tap = folder / FILE, tap
        self.course: Course | None = None
        self.version: tuple[int, int] = (0, 0)
        self.calls: OrderedDict[str, Fault] = OrderedDict()
        self.held: set[str] = set()
        self.workers: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def now(self) -> Course | None:
        """Returns the plan's course. A plan that only changed its spells goes on counting."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self.course, self.version = None, (0, 0)
            return None
        if (found.st_mtime_ns, found.st_size) != self.version:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                plan = Plan.of_text(self.path.read_text())
                if self.course is None or (plan.seed, plan.begun) != (self.course.plan.seed, self.course.plan.begun):
                    self.course = Course(plan)
                    self.held.clear()
                self.course.plan = plan
            self.version = found.st_mtime_ns, found.st_size
        return self.course

    def hurries(self) -> bool:
        course = self.now()
        return course is not None and time.time() < course.plan.hurry

    def draw(self, where: Where, service: str, name: str, content: str, by: str) -> Fault | None:
        """Counts the operation, and returns and records what happens to it."""
        course = self.now()
        if course is None:
            return None
        at = time.time()
        fault = course.next(Operation(where, service, name, content), at)
        if fault is not None:
            self.tap.record(
                Call(
                    kind="fault",
                    at=at,
                    seconds=fault.seconds,
                    by=by,
                    service=service,
                    operation=name,
                    error=fault.kind,
                    orders=orders_in(content),
                )
            )
        return fault

    def remember(self, invocation: str, fault: Fault) -> None:
        self.calls[invocation] = fault
        while len(self.calls) > MOST_CALLS:
            self.calls.popitem(last=False)

    def kill(self, headers: Mapping[str, str]) -> None:
        """Ends the process that makes this call."""
        for part in headers.get("user-agent", "").split():
            worker = self.workers.get(part.removeprefix("app/"))
            if worker is not None and worker._proc is not None:
                worker._proc.kill()


def apply(tap: Tap) -> None:
    """Puts the faults around the tap. What a fault prevents is not recorded as done; what loses its answer is."""
    injector = Injector(Path(os.environ["STATE_DIR"]).parent, tap)
    _workers(injector)
    _calls(injector)
    _requests(injector)
    _batches(injector)
    _deliveries(injector)
    _queues(injector)


def _workers(injector: Injector) -> None:
    """Names each process of a function in what it sends, so that a call leads to its process."""
    runtime = module("core.lambda_runtime")
    spawn = original(runtime.Worker, "_spawn", "self")

    @wraps(spawn)
    def spawn_worker(self: Any) -> None:
        configured, name = self.config, f"w{uuid.uuid4().hex[:16]}"
        variables = (configured.get("Environment") or {}).get("Variables") or {}
        self.config = {**configured, "Environment": {"Variables": {**variables, WORKER: name}}}
        injector.workers[name] = self
        try:
            spawn(self)
        finally:
            self.config = configured

    runtime.Worker._spawn = spawn_worker


def _calls(injector: Injector) -> None:
    server, evaluator = module("app"), module("core.iam_evaluator")
    extract = original(
        module("core.iam_actions"), "extract_iam_action", "service method path headers body query_params"
    )
    dispatch = original(server, "_dispatch_service_request", "method path headers body query_params request_id")

    @wraps(dispatch)
    async def dispatch_service_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any], request: str
    ) -> Any:
        async def perform() -> Any:
            return await dispatch(method, path, headers, body, query_params, request)

        if injector.now() is None:
            return await perform()
        caller = str(evaluator.request_caller_arn(headers, query_params))
        service = str(server.detect_service(method, path, headers, query_params) or "")
        if ":assumed-role/" not in caller or service in SPARED:
            return await perform()
        action = extract(service, method, path, headers, body, query_params)
        name = operation_of(headers, query_params, body) or str(action).partition(":")[2]
        content = body.decode("utf-8", "replace")
        invocation = headers.get("amz-sdk-invocation-id", "")
        fault = injector.calls.get(invocation)
        if fault is None:
            if headers.get("amz-sdk-request", "attempt=1").startswith("attempt=1"):
                fault = injector.draw("call", service, name, content, role_of(caller))
            if fault is not None and fault.stubborn and invocation:
                injector.remember(invocation, fault)
        if fault is None:
            return await perform()
        return await _suffer(injector, fault, Sent(service, name, headers, body), perform)

    server._dispatch_service_request = dispatch_service_request


@dataclass(frozen=True)
class Sent:
    """A call as it was sent."""

    service: str
    name: str
    headers: Mapping[str, str]
    body: bytes


async def _suffer(injector: Injector, fault: Fault, sent: Sent, perform: Callable[[], Any]) -> Any:
    if fault.kind is Kind.DELAY:
        await asyncio.sleep(fault.seconds)
        return await perform()
    if fault.kind is Kind.LOST or fault.after:
        await perform()
    if fault.kind is Kind.KILL:
        injector.kill(sent.headers)
    if fault.kind is not Kind.THROTTLE:
        return refusal(sent.service, sent.headers, "InternalServerError", 500)
    if sent.name in ENTRIES:
        return _entries_refused(sent.name, sent.body)
    return refusal(sent.service, sent.headers, *THROTTLED.get(sent.service, ("ThrottlingException", 400)))


def refusal(service: str, headers: Mapping[str, str], code: str, status: int) -> Answer:
    """Returns an error as this service's SDK expects it."""
    message = "a fault on purpose"
    if service == "s3":
        return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode()
    if "x-amz-target" in headers or service in ("lambda", "ses", "sesv2"):
        document = json.dumps({"__type": code, "message": message}).encode()
        return status, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}, document
    error = f"<Error><Type>Receiver</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>".encode()


def _entries_refused(name: str, body: bytes) -> Answer:
    sent, count, answered = ENTRIES[name]
    entries = json.loads(body)[sent]
    code = "ThrottlingException" if name == "PutEvents" else "ProvisionedThroughputExceededException"
    refused = [{"ErrorCode": code, "ErrorMessage": "a fault on purpose"} for _ in entries]
    document = json.dumps({count: len(entries), answered: refused}).encode()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, document


def _requests(injector: Injector) -> None:
    """What happens between a client and the API: the client sees an answer of API Gateway's own."""
    gateway = module("services.apigateway_v1")
    execute = original(gateway, "handle_execute", "api_id stage_name method path headers body query_params")

    @wraps(execute)
    async def handle_execute(api_id: str, stage: str, method: str, path: str, *rest: Any, **options: Any) -> Any:
        first = f"/{path.strip('/').split('/')[0]}"
        fault = injector.draw("request", "api", f"{method} {first}", path, "client")
        match fault:
            case Fault(kind=Kind.ERROR):
                return 503, JSON, b'{"message": "Service Unavailable"}'
            case Fault(kind=Kind.THROTTLE):
                return 429, JSON, b'{"message": "Too Many Requests"}'
            case Fault(kind=Kind.DELAY, seconds=seconds):
                await asyncio.sleep(seconds)
        answer = await execute(api_id, stage, method, path, *rest, **options)
        if fault is not None and fault.kind is Kind.LOST:
            return 504, JSON, b'{"message": "Endpoint request timed out"}'
        return answer

    gateway.handle_execute = handle_execute


def _batches(injector: Injector) -> None:
    """A batch is delivered twice when its first success goes unnoticed. A stream's batch stays in its place."""
    functions = module("services.lambda_svc")
    execute = original(functions, "_execute_function", "func event")

    @wraps(execute)
    def execute_function(func: Any, event: Any) -> Any:
        if injector.now() is not None and (first := _first_record(event)):
            source = str(first.get("eventSource") or first.get("EventSource")).removeprefix("aws:")
            name = source_of(str(first.get("eventSourceARN") or ""))
            if injector.draw("batch", source, name, json.dumps(event), "lambda"):
                execute(func, event)
        return execute(func, event)

    functions._execute_function = execute_function


def _first_record(event: Any) -> dict[str, Any]:
    """Returns the first record of a batch; nothing for an event that is none."""
    records = event.get("Records") if isinstance(event, dict) else None
    return records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}


def source_of(arn: str) -> str:
    """Returns the logical id of a queue, stream or table: its name without what CloudFormation adds, which differs
    from one deployment to the next."""
    resource = arn.split(":")[5:]
    name = resource[0].split("/")[1] if resource and "/" in resource[0] else ":".join(resource)
    parts = name.removesuffix(".fifo").split("-")
    return parts[-2] if len(parts) > 2 else name


def _deliveries(injector: Injector) -> None:
    events, topics = module("services.eventbridge"), module("services.sns")
    invoke = original(events, "_invoke_target", "target event rule view")
    deliver = original(
        topics,
        "_deliver_to_sqs",
        "endpoint envelope raw raw_message message_group_id message_dedup_id message_attributes topic_arn",
    )

    @wraps(invoke)
    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        invoke(target, event, rule, view)
        if injector.now() is not None and ":rule/" in rule.get("Arn", ""):
            name, content = str(event.get("DetailType") or "event"), json.dumps(event, default=str)
            if injector.draw("delivery", "events", name, content, "events"):
                invoke(target, event, rule, view)

    @wraps(deliver)
    def deliver_to_sqs(endpoint: str, envelope: str, raw: bool, raw_message: str, **options: Any) -> None:
        deliver(endpoint, envelope, raw, raw_message, **options)
        if injector.draw("delivery", "sns", "message", raw_message, "sns"):
            deliver(endpoint, envelope, raw, raw_message, **options)

    events._invoke_target = invoke_target
    topics._deliver_to_sqs = deliver_to_sqs


def _queues(injector: Injector) -> None:
    """Standard queues promise no order. FIFO queues keep theirs under a plan, too."""
    functions, queues = module("services.lambda_svc"), module("services.sqs")
    receive = original(queues, "_receive_messages_for_esm", "queue_url max_number")
    run = original(functions, "_run_sqs_batch", "esm func_rec event batch queue_url queue_name")

    @wraps(receive)
    def receive_messages(queue_url: str, max_number: int) -> Any:
        if injector.now() is not None and not queue_url.endswith(".fifo"):
            with queues._queues_lock:
                for message in queues._get_q(queue_url)["messages"]:
                    _hold(injector, queue_url, message)
        return receive(queue_url, max_number)

    @wraps(run)
    def run_batch(esm: Any, func: Any, event: Any, batch: Any, queue_url: str, queue_name: str) -> None:
        run(esm, func, event, batch, queue_url, queue_name)
        if injector.hurries():
            functions._esm_backoff_until.pop(esm["UUID"], None)
            handles = {message.get("receipt_handle") for message in batch} - {None}
            with queues._queues_lock:
                for message in queues._get_q(queue_url)["messages"]:
                    if message.get("receipt_handle") in handles:
                        message["visible_at"] = min(message["visible_at"], time.time() + HURRY_SECONDS)

    queues._receive_messages_for_esm = receive_messages
    functions._run_sqs_batch = run_batch


def _hold(injector: Injector, queue_url: str, message: dict[str, Any]) -> None:
    now = time.time()
    if message["receive_count"] or message["visible_at"] > now or message["id"] in injector.held:
        return
    injector.held.add(message["id"])
    name = source_of(f"arn:aws:sqs:::{queue_url.rpartition('/')[2]}")
    if fault := injector.draw("message", "sqs", name, message["body"], "sqs"):
        message["visible_at"] = now + fault.seconds
