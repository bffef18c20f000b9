"""What must hold, whatever happened: seven checks of a deployed stack, once it is quiet."""

import time
from collections.abc import Callable, Collection

from cli.audit import events, money, notifications, orders, queues, replicas, stock
from cli.audit.endings import endings_of
from cli.audit.evidence import Evidence, gather
from cli.audit.result import CheckResult
from cli.context import Stack

PATIENCE_SECONDS = 60.0
# An idle stack whose rows stay the same for this long will not change any more.
_STILL_SECONDS = 10.0
_PAUSE_SECONDS = 0.3

type Progress = Callable[[str], None]


def run_audit(
    stack: Stack,
    *,
    patience: float = PATIENCE_SECONDS,
    expect_dead: Collection[str] = (),
    progress: Progress = lambda _text: None,
) -> list[CheckResult]:
    """The seven checks, in order, once the stack is quiet, or after `patience` seconds as it is then.

    Quiet is: nothing runs, no queue has work, and what the rows imply has come about everywhere (no stream tells its
    backlog), or nothing has changed for a while. `expect_dead` are ids of messages, or of events in
    them, that may lie in dead-letter queues. Raises CommandError, ClientError.
    """
    deadline = time.monotonic() + patience
    before: Evidence | None = None
    since = time.monotonic()
    while True:
        # Reading everything takes a while, and a busy stack would be read over and over.
        while time.monotonic() < deadline and not endings_of(stack).idle:
            progress("work is under way")
            time.sleep(_PAUSE_SECONDS)
        evidence = gather(stack)
        results = judge(evidence, expect_dead)
        now = time.monotonic()
        if evidence != before:
            before, since = evidence, now
        finished = all(result.ok for result in results) or now - since > _STILL_SECONDS
        if (evidence.endings.idle and finished) or now > deadline:
            return results
        progress("; ".join(f"{result.name}: {result.faults[0]}" for result in results if not result.ok))
        time.sleep(_PAUSE_SECONDS)


def judge(evidence: Evidence, expect_dead: Collection[str] = ()) -> list[CheckResult]:
    return [
        stock.check(evidence),
        money.check(evidence),
        orders.check(evidence),
        events.check(evidence),
        queues.check(evidence, expect_dead),
        notifications.check(evidence),
        replicas.check(evidence),
    ]
