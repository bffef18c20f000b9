"""A function that fails behind a REST API, or that has no room.

AWS: a failed function, or an answer that is no proxy response, is a 502 "Internal server error", which DEFAULT_5XX of
the API's gateway responses shapes (API Gateway Developer Guide, "Handle Lambda errors in API Gateway"); a throttled one
is INTEGRATION_FAILURE (AWS developer forums, thread 309901).
Emulator: the 502 carries the function's error and stack trace to the caller, past the gateway responses; a throttled
function is Lambda's own 429.
Fix: answer the gateway error instead.
Goes when: MiniStack does.
"""

from contextvars import ContextVar
from functools import wraps
from typing import Any

from emulator.patching import module, original

INVOKE = (
    "integration api_id stage_name stage resource request_path method headers body query_params path_params "
    "owner_account_id owner_region binary_media_types authorizer_context caller_identity"
)
FAILED = "FUNCTION_FAILURE"  # a response type of ours: none of the documented ones is a 502 by default
_failure: ContextVar[str] = ContextVar(
    "the type of response to this request's failed function, if it failed", default=""
)


def apply() -> None:
    gateway = module("services.apigateway_v1")
    interpret = original(gateway, "_lambda_proxy_response", "result")
    invoke = original(gateway, "_invoke_lambda_proxy_v1", INVOKE)
    gateway._DEFAULT_GATEWAY_RESPONSE_STATUS_CODES[FAILED] = "502"
    gateway._GATEWAY_RESPONSE_ERROR_TYPES[FAILED] = "InternalServerErrorException"

    def interpret_response(result: Any) -> Any:
        response, error = interpret(result)
        _failure.set("INTEGRATION_FAILURE" if result.get("throttle") else FAILED if error else "")
        return response, error

    @wraps(invoke)
    async def invoke_lambda(*request: Any, **options: Any) -> Any:
        _failure.set("")
        answer = await invoke(*request, **options)
        return gateway._gw_error(_failure.get(), "Internal server error") if _failure.get() else answer

    gateway._lambda_proxy_response = interpret_response
    gateway._invoke_lambda_proxy_v1 = invoke_lambda
