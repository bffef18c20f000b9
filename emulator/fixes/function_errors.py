"""What a failing Python function answers, and what it costs.

AWS: the payload of a failed invocation is `{"errorMessage", "errorType", "requestId", "stackTrace"}` with the
exception's class name as errorType (Lambda Developer Guide, "Python function errors in Lambda"), which is what Catch
and Retry of a state machine match. The execution environment stays warm: an exception does not end it. A process that
ends is Runtime.ExitError.
Emulator: errorType is always Runtime.HandlerError, so no Catch by name ever matches, and the worker process is killed
after every exception, so that a declined payment costs a cold start.
Fix: the worker reports the class name and the stack as an ordinary answer, which keeps it alive; the error is put
together outside. Time-outs go the emulator's own way.
Goes when: MiniStack reports class names and keeps workers across exceptions.
"""

import threading
from typing import Any

from emulator.patching import expect, module, original

REPORT = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
OUR_REPORT = (
    '{"status": "ok", "result": None, "raised": {"errorMessage": str(e), "errorType": type(e).__name__, '
    '"stackTrace": traceback.format_tb(e.__traceback__)[1:]}, "trace": traceback.format_exc()}'
)
DEAD = ("Worker process died", "Worker returned no response")


def apply() -> None:
    runtime = module("core.lambda_runtime")
    functions = module("services.lambda_svc")
    expect(runtime._PYTHON_WORKER_SCRIPT.count(REPORT) == 1, "the Python worker's error report")
    invoke = original(runtime.Worker, "invoke", "self event request_id trace_id depth durable invoked_function_arn")
    execute = original(functions, "_execute_function_warm", "func event request_id")
    # The worker answers on the thread that executes the function.
    answered = threading.local()

    def invoke_worker(self: Any, event: Any, request_id: str, **options: Any) -> Any:
        answered.response = response = invoke(self, event, request_id, **options)
        return response

    def execute_function(func: Any, event: Any, request_id: str) -> Any:
        answered.response = None
        result = execute(func, event, request_id)
        response = answered.response or {}
        if response.get("error") in DEAD:
            ended = {"errorMessage": "Runtime exited without providing a reason", "errorType": "Runtime.ExitError"}
            return {**result, "body": ended}
        if "raised" not in response:
            return result
        log = "\n".join(filter(None, (result.get("log"), response["trace"])))
        return {"body": {**response["raised"], "requestId": request_id}, "error": True, "log": log}

    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(REPORT, OUR_REPORT)
    runtime.Worker.invoke = invoke_worker
    functions._execute_function_warm = execute_function
