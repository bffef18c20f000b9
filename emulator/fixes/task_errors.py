"""The names under which a failed task is retried and caught.

AWS: Step Functions names what a service refuses after the service: an invocation beyond the concurrency limit is
Lambda.TooManyRequestsException, and errors of SDK integrations end in `Exception`, as Sfn.TaskTimedOutException does
(Step Functions Developer Guide, "Handling errors in Step Functions workflows", "Integrating other AWS services"). What
a function raises keeps its own name, what its environment reports is `Sandbox.…` or `Runtime.…`.
Emulator: a refused invocation is Lambda.Unknown, and an SDK integration's error has the API's code (Sfn.TaskTimedOut):
a retrier or catcher by name never matches.
Fix: the names of AWS.
Goes when: MiniStack reports them.
"""

import json
from typing import Any

from emulator.patching import module, original

UNKNOWN = "Lambda.Unknown"
SUFFIX, OTHER_SUFFIXES = "Exception", ("Fault", "Error")


def apply() -> None:
    machines = module("services.stepfunctions")
    call = original(machines, "_call_lambda", "func_ref event")
    prefix = original(machines, "_prefix_sdk_error", "service_name error_code")

    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return call(func_ref, event)
        except machines._ExecutionError as failure:
            if failure.error == UNKNOWN and (code := _refusal(failure.cause)):
                raise machines._ExecutionError(f"Lambda.{code}", failure.cause) from failure
            raise

    def prefix_sdk_error(service_name: str, error_code: str) -> Any:
        return prefix(service_name, error_code if "." in error_code else sdk_exception(error_code))

    machines._call_lambda = call_lambda
    machines._prefix_sdk_error = prefix_sdk_error


def sdk_exception(code: str) -> str:
    """The exception that the SDK, whose names Step Functions uses, makes of an API's error code."""
    for suffix in OTHER_SUFFIXES:
        code = code.removesuffix(suffix)
    return code if code.endswith(SUFFIX) else code + SUFFIX


def _refusal(cause: str) -> str:
    """The code with which Lambda refused the invocation; nothing when it carried it out."""
    try:
        return str(json.loads(cause).get("__type", ""))
    except (ValueError, AttributeError):
        return ""
