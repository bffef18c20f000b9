"""A REST API finds its route in the path as it was sent.

AWS: an encoded slash (%2F) belongs to a path parameter, whose value reaches the function decoded; `*` in a permission
stands for any characters (IAM User Guide, "Resource element").
Emulator: decodes the path before it looks for a route, so that `/orders/a%2Fb` is no order; `*` ends at a newline, so
that `/orders/%0A` lacks the permission and is a 500.
Fix: split first, decode then; let `*` be anything.
Goes when: MiniStack does.
"""

import re
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from emulator.patching import module, original

HANDLE = "host path method headers body query_params raw_path raw_query_string"
_segments: ContextVar[list[str] | None] = ContextVar("decoded segments of the path as it was sent", default=None)


def routed_path(path: str) -> str:
    """The decoded path of the request under way, without the slashes that lead to the same method: `/orders/`."""
    segments = _segments.get()
    return path.rstrip("/") if segments is None else "/" + "/".join(segments)


def apply() -> None:
    _routes(module("app"), module("services.apigateway_v1"))
    _wildcards(module("core.iam_evaluator"))


def _routes(app: Any, gateway: Any) -> None:
    handle = original(app, "_handle_execute_api_request", HANDLE)
    parse = original(app, "_parse_execute_api_url", "host path")
    match = original(gateway, "_match_resource_tree", "api_id segments")
    fall_back = original(gateway, "_match_greedy_fallback", "api_id segments http_method")

    async def handle_raw(host: str, path: str, *request: Any, raw_path: str | None = None, **more: Any) -> Any:
        parsed = parse(host, raw_path) if raw_path else None
        segments = [unquote(each) for each in parsed[2].split("/") if each] if parsed else None
        token = _segments.set(segments)
        try:
            return await handle(host, path, *request, raw_path=raw_path, **more)
        finally:
            _segments.reset(token)

    def match_raw(api_id: str, segments: list[str]) -> Any:
        return match(api_id, segments if _segments.get() is None else _segments.get())

    def fall_back_raw(api_id: str, segments: list[str], method: str) -> Any:
        return fall_back(api_id, segments if _segments.get() is None else _segments.get(), method)

    app._handle_execute_api_request = handle_raw
    gateway._match_resource_tree = match_raw
    gateway._match_greedy_fallback = fall_back_raw


def _wildcards(evaluator: Any) -> None:
    compile_pattern = original(evaluator, "_fnmatch_compile", "pattern ignore_case")

    @lru_cache(maxsize=4096)  # as many as the emulator keeps, of which it compiled each once
    def compile_for_any_characters(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        compiled = compile_pattern(pattern, ignore_case)
        return re.compile(compiled.pattern.removesuffix("$") + r"\Z", compiled.flags | re.DOTALL)

    evaluator._fnmatch_compile = compile_for_any_characters
