"""The log of an invocation has all of its lines and no others, and nobody waits for lines that do not come."""

import base64
import json
import time

from tests.emulator.account import Account

WRITES = """
    import subprocess, sys

    def handler(event, context):
        for number in range(event["lines"]):
            print(f"{event['name']} {number}")
        sys.stderr.write(event.get("rest", ""))
        sys.stdout.flush()
        if event.get("fails"):
            raise ValueError("so it does")
"""


def test_each_log_is_whole_and_its_own(account: Account) -> None:
    function = account.function(WRITES)

    def lines(**event: object) -> list[str]:
        answer = account.client("lambda").invoke(FunctionName=function, LogType="Tail", Payload=json.dumps(event))
        log = base64.b64decode(answer.get("LogResult", "")).decode().splitlines()
        return [line for line in log if not line.startswith(("START ", "END ", "REPORT ", "Traceback", "  "))]

    assert lines(name="one", lines=3) == ["one 0", "one 1", "one 2"]
    assert lines(name="silent", lines=0) == []
    assert lines(name="two", lines=1, rest="no end of line") == ["two 0", "no end of line"]
    assert lines(name="three", lines=1, fails=True)[:1] == ["three 0"]
    assert lines(name="four", lines=1) == ["four 0"]


def test_a_silent_function_is_as_fast_as_one_that_writes(account: Account) -> None:
    function = account.function(WRITES)
    took: dict[int, list[float]] = {0: [], 1: []}
    for _ in range(20):
        for count, times in took.items():
            before = time.monotonic()
            account.invoke(function, {"name": "x", "lines": count})
            times.append(time.monotonic() - before)
    # The fastest of each: a busy machine delays single calls, a wait for lines that do not come delays all.
    assert min(took[0]) < 2 * min(took[1])
