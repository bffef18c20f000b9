"""What services measure of themselves.

AWS: every service publishes metrics of its resources, whether anybody looks or not (the monitoring chapters of each
service's developer guide).
Emulator: Lambda alone does, and of calls through its API only.
Fix: publish what the shop's alarms look at: failed and timed-out executions, 5xx answers of REST APIs, invocations by
rules, the age of what streams' readers read (`streams`), failed functions whoever invoked them, throttles of the whole
account, and the depth of queues that an alarm watches.
Goes when: MiniStack publishes them.
"""

import time
from collections.abc import Iterable
from typing import Any

from emulator.patching import module, original

EXECUTE = "api_id stage_name method path headers body query_params"
ENDED_BADLY = {"FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}
DEPTH = "ApproximateNumberOfMessagesVisible"


def apply() -> None:
    _throttles_of_the_account()
    _failed_functions()
    _executions()
    _answers()
    _invocations_by_rules()
    original(module("services.sqs"), "_refresh_counts", "q")


def publish(namespace: str, name: str, value: float, unit: str = "Count", **dimensions: str) -> None:
    module("services.cloudwatch").record_metric(namespace, name, value, unit, dimensions)


def measure_queues(names: Iterable[str]) -> None:
    """Publish how many messages these queues hold, as AWS does every minute. An empty queue may as well be silent."""
    sqs = module("services.sqs")
    wanted = set(names)
    for queue in list(sqs._queues.values()):
        name = queue["name"]
        if name in wanted and queue["messages"]:
            sqs._refresh_counts(queue)
            publish("AWS/SQS", DEPTH, float(queue["attributes"]["ApproximateNumberOfMessages"]), QueueName=name)


def _throttles_of_the_account() -> None:
    cloudwatch = module("services.cloudwatch")
    record = original(cloudwatch, "record_metric", "namespace metric_name value unit dimensions")

    def record_metric(
        namespace: str, metric_name: str, value: float, unit: str = "None", dimensions: dict[str, str] | None = None
    ) -> None:
        record(namespace, metric_name, value, unit, dimensions)
        if (namespace, metric_name) == ("AWS/Lambda", "Throttles") and value:
            record(namespace, metric_name, value, unit, {})

    cloudwatch.record_metric = record_metric


def _failed_functions() -> None:
    functions = module("services.lambda_svc")
    execute = original(functions, "_execute_function_warm", "func event request_id")
    emit = original(functions, "_emit_lambda_metrics", "function_name duration_ms error throttle")

    def execute_function(func: Any, event: Any, request_id: str) -> Any:
        result = execute(func, event, request_id)
        if result.get("error"):
            publish("AWS/Lambda", "Errors", 1, FunctionName=(func.get("config") or func)["FunctionName"])
        return result

    def emit_lambda_metrics(function_name: str, **measured: Any) -> None:
        emit(function_name, **{**measured, "error": False})

    functions._execute_function_warm = execute_function
    functions._emit_lambda_metrics = emit_lambda_metrics


def _executions() -> None:
    machines = module("services.stepfunctions")
    emit = original(machines, "_emit_execution_status_event", "execution")

    def emit_status(execution: dict[str, Any]) -> None:
        emit(execution)
        metric = ENDED_BADLY.get(execution["status"])
        if metric:
            publish("AWS/States", metric, 1, StateMachineArn=execution["stateMachineArn"])

    machines._emit_execution_status_event = emit_status


def _answers() -> None:
    gateway = module("services.apigateway_v1")
    execute = original(gateway, "handle_execute", EXECUTE)

    async def handle_execute(api_id: str, *request: Any, **options: Any) -> Any:
        answer = await execute(api_id, *request, **options)
        api = gateway._rest_apis.get(api_id)
        if api:
            publish("AWS/ApiGateway", "5XXError", int(int(answer[0]) >= 500), ApiName=api["name"])
        return answer

    gateway.handle_execute = handle_execute


def _invocations_by_rules() -> None:
    events = module("services.eventbridge")
    invoke = original(events, "_invoke_target", "target event rule view")

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        invoke(target, event, rule, view)
        bus = rule.get("EventBusName", "default")
        if ":rule/" in rule.get("Arn", ""):
            on = {} if bus == "default" else {"EventBusName": bus}
            publish("AWS/Events", "Invocations", 1, **on, RuleName=rule["Name"])

    events._invoke_target = invoke_target


def age(arrived: float) -> float:
    """Milliseconds since a record arrived."""
    return (time.time() - arrived) * 1000
