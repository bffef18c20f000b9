"""A function that fails behind a REST API.

AWS: a failed function, or an answer that is no proxy response, is a 502 "Internal server error", which DEFAULT_5XX of
the API's gateway responses shapes (API Gateway Developer Guide, "Handle Lambda errors in API Gateway").
Emulator: the 502 carries the function's error and stack trace to the caller, past the gateway responses.
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
_failed: ContextVar[bool] = ContextVar("whether this request's function failed", default=False)


def apply() -> None:
    gateway = module("services.apigateway_v1")
    interpret = original(gateway, "_lambda_proxy_response", "result")
    invoke = original(gateway, "_invoke_lambda_proxy_v1", INVOKE)
    gateway._DEFAULT_GATEWAY_RESPONSE_STATUS_CODES[FAILED] = "502"
    gateway._GATEWAY_RESPONSE_ERROR_TYPES[FAILED] = "InternalServerErrorException"

    def interpret_response(result: Any) -> Any:
        response, error = interpret(result)
        _failed.set(bool(error))
        return response, error

    @wraps(invoke)
    async def invoke_lambda(*request: Any, **options: Any) -> Any:
        _failed.set(False)
        answer = await invoke(*request, **options)
        return gateway._gw_error(FAILED, "Internal server error") if _failed.get() else answer

    gateway._lambda_proxy_response = interpret_response
    gateway._invoke_lambda_proxy_v1 = invoke_lambda
