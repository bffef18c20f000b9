"""Which permission a call about a function's concurrency, or about one event source mapping, needs.

AWS: the action of the same name: GetFunctionConcurrency, DeleteFunctionConcurrency, GetEventSourceMapping,
UpdateEventSourceMapping, DeleteEventSourceMapping (Service Authorization Reference, AWS Lambda).
Emulator: asks for PutFunctionConcurrency whatever is done to it, and for ListEventSourceMappings to look at one.
Fix: ask for what AWS asks for.
Goes when: MiniStack does.
"""

from emulator.patching import module, original

CONCURRENCY = {
    "GET": "GetFunctionConcurrency",
    "PUT": "PutFunctionConcurrency",
    "DELETE": "DeleteFunctionConcurrency",
}
MAPPING = {
    "GET": "GetEventSourceMapping",
    "PUT": "UpdateEventSourceMapping",
    "DELETE": "DeleteEventSourceMapping",
}


def apply() -> None:
    actions = module("core.iam_actions")
    action = original(actions, "_lambda_action", "method path")

    def lambda_action(method: str, path: str) -> str | None:
        match [part for part in path.split("/") if part]:
            case [_, "functions", _, "concurrency"]:
                return CONCURRENCY.get(method)
            case [_, "event-source-mappings", _]:
                return MAPPING.get(method)
        found: str | None = action(method, path)
        return found

    actions._lambda_action = lambda_action
