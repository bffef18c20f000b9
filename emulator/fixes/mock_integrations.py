"""Mocks behind a REST API fill their answer's template, as preflights need.

AWS: the template of an integration's answer is in VTL. It sees the request's parameters, and may set the answer's
headers and status: `$context.responseOverride` (API Gateway Developer Guide, "Override your API's request and response
parameters and status codes").
Emulator: sends the template as it is written.
Fix: fill it in. Of `$input` there is `params("name")` of headers, in lower case, as HTTP/2 sends them.
Goes when: MiniStack does.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import airspeed

from emulator.patching import module, original

EXECUTE = "request api_id stage_name method path headers body query_params owner_account_id owner_region"
_headers: ContextVar[Mapping[str, str]] = ContextVar("headers of the request that is answered")


class _Input:
    def params(self, name: str) -> str:
        return _headers.get().get(name, "")


def apply() -> None:
    gateway = module("services.apigateway_v1")
    execute = original(gateway, "_execute_in_scope", EXECUTE)
    answer = original(gateway, "_invoke_mock_v1", "integration")

    async def execute_knowing_headers(request: Any, *call: Any) -> Any:
        token = _headers.set(request["headers"])
        try:
            return await execute(request, *call)
        finally:
            _headers.reset(token)

    def answer_from_template(integration: dict[str, Any]) -> Any:
        status, headers, body = answer(integration)
        override: dict[str, Any] = {"header": {}}
        context = {"responseOverride": override}
        text = airspeed.Template(body.decode()).merge({"input": _Input(), "context": context})
        return int(override.get("status", status)), {**headers, **override["header"]}, text.encode()

    gateway._execute_in_scope = execute_knowing_headers
    gateway._invoke_mock_v1 = answer_from_template
