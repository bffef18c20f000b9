"""API Gateway and Step Functions need permission to invoke a function.

AWS: API Gateway invokes a function only when its resource policy (AWS::Lambda::Permission) lets
apigateway.amazonaws.com for that method's ARN, else it answers 500; a state machine only when its role allows
lambda:InvokeFunction, else the task fails with Lambda.AWSLambdaException (API Gateway Developer Guide, "Set up Lambda
proxy integrations"; Step Functions Developer Guide, "IAM policies for Lambda").
Emulator: invokes without asking, so that a forgotten permission shows only on AWS.
Fix: ask.
Goes when: MiniStack enforces both.
"""

from contextvars import ContextVar
from functools import wraps
from typing import Any

from emulator.fixes.encoded_paths import routed_path
from emulator.fixes.proxy_errors import INVOKE
from emulator.patching import module, original
from emulator.policies import role_allows, service_allowed

ACTION = "lambda:InvokeFunction"
_role: ContextVar[str] = ContextVar("role of the state machine whose task runs", default="")


def apply() -> None:
    _api_gateway(module("services.apigateway_v1"))
    _step_functions(module("services.stepfunctions"))


def _api_gateway(gateway: Any) -> None:
    invoke = original(gateway, "_invoke_lambda_proxy_v1", INVOKE)
    reference = original(gateway, "_extract_lambda_ref_from_integration_uri", "uri")
    method_arn = original(module("core.arn"), "execute_api_arn", "region account_id api_id stage method path")
    policy_of = original(module("services.lambda_svc"), "function_policy_for_arn", "resource_arn")

    @wraps(invoke)
    async def invoke_permitted(integration: dict[str, Any], api_id: str, *request: Any, **options: Any) -> Any:
        stage_name, _stage, _resource, path, method = request[:5]
        account, region = options["owner_account_id"], options["owner_region"]
        function = reference(integration.get("uri", ""))
        found = policy_of(function) if function.startswith("arn:") else None
        source = method_arn(region, account, api_id, stage_name, method, routed_path(path))
        if found and not service_allowed(found[0], "apigateway.amazonaws.com", ACTION, function, source):
            return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        return await invoke(integration, api_id, *request, **options)

    gateway._invoke_lambda_proxy_v1 = invoke_permitted


def _step_functions(machines: Any) -> None:
    execute_task = original(machines, "_execute_task", "state_def raw_input execution ctx")
    call = original(machines, "_call_lambda", "func_ref event")
    find = original(module("services.lambda_svc"), "_get_func_record_for_ref", "function_ref")

    def execute(state_def: Any, raw_input: Any, execution: Any, ctx: Any) -> Any:
        machine = machines._state_machines.get((execution or {}).get("stateMachineArn")) or {}
        token = _role.set(machine.get("roleArn", ""))
        try:
            return execute_task(state_def, raw_input, execution, ctx)
        finally:
            _role.reset(token)

    def call_permitted(func_ref: str, event: Any) -> Any:
        role, (_function, config, _name) = _role.get(), find(func_ref)
        if config and role and not role_allows(role, ACTION, config["FunctionArn"]):
            cause = f"{role} is not authorized to perform: {ACTION} on resource: {config['FunctionArn']}"
            raise machines._ExecutionError("Lambda.AWSLambdaException", cause)
        return call(func_ref, event)

    machines._execute_task = execute
    machines._call_lambda = call_permitted
