"""The log of one invocation.

AWS: what a function writes while it is invoked is in the log of that invocation (Lambda Developer Guide, "Sending
Lambda function logs to CloudWatch Logs").
Emulator: asks every millisecond until nothing has come for 5 ms, and gives up a silent function after 50 ms, which
costs more than the invocation. What comes later is in the next invocation's log.
Fix: the worker marks the end of an invocation's log before it answers, and the emulator waits for the mark.
Goes when: MiniStack's workers do.
"""

import queue
from typing import Any

from emulator.patching import expect, module, original

END = "\x1eend of log"  # nobody writes a record separator at the end of a line
ANSWER = "        _real_stdout.flush()\n\nrun()"
MARK = f"        print({END!r}, file=sys.__stderr__, flush=True)\n"
PATIENCE_SECONDS = 1.0  # with a process that has closed its log


def apply() -> None:
    runtime = module("core.lambda_runtime")
    drain = original(runtime.Worker, "_drain_stderr_bounded", "self first_line_wait idle_confirm hard_cap")
    script = runtime._PYTHON_WORKER_SCRIPT
    expect(script.count(ANSWER) == 1, "the Python worker to send all its answers in one place")

    def drain_log(self: Any, *waits: float, **named: float) -> str:
        if self._proc is None or not self.config.get("Runtime", "").startswith("python"):
            return str(drain(self, *waits, **named))
        lines: list[str] = []
        try:
            while not (line := self._stderr_queue.get(timeout=PATIENCE_SECONDS)).endswith(END):
                lines.append(line)
        except queue.Empty:
            line = ""
        return "\n".join([*lines, *filter(None, [line.removesuffix(END)])])

    runtime._PYTHON_WORKER_SCRIPT = script.replace(ANSWER, MARK + ANSWER)
    runtime.Worker._drain_stderr_bounded = drain_log
