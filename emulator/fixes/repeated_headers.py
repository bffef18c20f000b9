"""Headers that a client sends twice.

AWS: a proxy event's `multiValueHeaders` has every value, its `headers` the last one (API Gateway Developer Guide, "Set
up Lambda proxy integrations in API Gateway").
Emulator: joins them with ", " in both, so that a function cannot tell two keys from one with a comma in it.
Fix: keep the headers as they were sent, and put those that were repeated into the event.
Goes when: MiniStack keeps them apart.
"""

from contextvars import ContextVar
from typing import Any

from emulator.patching import module, original

EVENT = (
    "api_id stage_name stage resource request_path method headers body query_params path_params binary_media_types "
    "authorizer_context caller_identity"
)
_sent: ContextVar[list[tuple[bytes, bytes]]] = ContextVar("the request's headers as they were sent")


def apply() -> None:
    server, gateway = module("app"), module("services.apigateway_v1")
    # The one place, before a service is chosen, that is handed the headers as they were sent.
    keep_request = original(server, "pin_signed_request", "method raw_path query_params raw_headers handshake")
    build_event = original(gateway, "_build_lambda_event_v1", EVENT)
    decoded = server.decode_header_value

    def keep_request_and_headers(
        method: str, raw_path: str, query_params: Any, raw_headers: Any, handshake: bool = False
    ) -> None:
        _sent.set(raw_headers)
        keep_request(method, raw_path, query_params, raw_headers, handshake)

    def event_of(*request: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build_event(*request, **options)
        sent: dict[str, list[str]] = {}
        for name, value in _sent.get([]):
            sent.setdefault(name.decode("latin-1").lower(), []).append(decoded(value))
        repeated = {name: values for name, values in sent.items() if len(values) > 1}
        event["multiValueHeaders"] |= repeated
        event["headers"] |= {name: values[-1] for name, values in repeated.items()}
        return event

    server.pin_signed_request = keep_request_and_headers
    gateway._build_lambda_event_v1 = event_of
