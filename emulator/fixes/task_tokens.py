"""A task that waits for its token, and whose function fails.

AWS: with `lambda:invoke.waitForTaskToken` a failed invocation fails the task, with the exception's class name as its
error; only after a successful one does it wait (Step Functions Developer Guide, "Discover service integration
patterns").
Emulator: ignores the failure and waits until the time is over, so that a review that was decided before it began to
wait stays for a day.
Fix: the function's error is the task's.
Goes when: MiniStack fails the task.
"""

from contextvars import ContextVar
from typing import Any

from emulator.patching import module, original

_waiting: ContextVar[str] = ContextVar("token of the task whose function is being invoked", default="")


def apply() -> None:
    machines = module("services.stepfunctions")
    invoke = original(machines, "_invoke_with_callback", "resource input_data token state_def")
    call = original(machines, "_call_lambda", "func_ref event")

    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        reset = _waiting.set(token)
        try:
            return invoke(resource, input_data, token, state_def)
        finally:
            _waiting.reset(reset)

    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return call(func_ref, event)
        except machines._ExecutionError as failure:
            if task := machines._task_tokens.get(_waiting.get()):
                # As SendTaskFailure leaves it: the wait that follows ends at once.
                task["error"] = {"Error": failure.error, "Cause": failure.cause}
                task["event"].set()
            raise

    machines._invoke_with_callback = invoke_with_callback
    machines._call_lambda = call_lambda
