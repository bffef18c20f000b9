"""The audit: seven checks of a deployed stack, made once the stack is quiet."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from audit import events, money, notifications, orders, queues, replicas, stock
from audit.endings import Endings, endings_of
from audit.evidence import Evidence, gather, rows_to_read
from audit.result import CheckResult
from deployed.stack import Stack

PATIENCE_SECONDS = 60.0
# If the rows of an idle stack stay the same for this long, they will not change any more.
_STILL_SECONDS = 10.0
_PAUSE_SECONDS = 0.3
_NAMED = 3  # names at most so many kinds of work in progress


@dataclass(frozen=True)
class Step:
    """What the audit is doing now. While it waits, `left` is the number of seconds that it will still wait. While it
    reads, `done` of about `total` rows have been read."""

    text: str
    left: float | None = None
    done: int = 0
    total: int = 0


type Progress = Callable[[Step], None]


def run_audit(
    stack: Stack,
    *,
    patience: float = PATIENCE_SECONDS,
    expect_dead: Collection[str] = (),
    progress: Progress = lambda _step: None,
) -> list[CheckResult]:
    """Returns the results of the seven checks, in order, once the stack is quiet, or after `patience` seconds in any
    case.

    The stack is quiet when nothing runs, no queue holds work, and all consequences of the rows have arrived. (The last
    is checked on the rows, because streams do not report their backlog.) It also counts as quiet if nothing has changed
    for a while. `expect_dead` are ids of messages, or of events in them, that are allowed in dead-letter queues.

    Raises CommandError, ClientError.
    """
    deadline = time.monotonic() + patience
    before: Evidence | None = None
    since = time.monotonic()
    while True:
        # Reading everything takes a while, so wait for an idle stack first instead of reading a busy one again and
        # again.
        while (left := deadline - time.monotonic()) > 0 and not (endings := endings_of(stack)).idle:
            progress(Step(_under_way(endings), left))
            time.sleep(_PAUSE_SECONDS)
        evidence = _read(stack, progress)
        results = judge(evidence, expect_dead)
        now = time.monotonic()
        if evidence != before:
            before, since = evidence, now
        finished = all(result.ok for result in results) or now - since > _STILL_SECONDS
        if (evidence.endings.idle and finished) or now > deadline:
            return results
        wrong = [f"{result.name}: {result.faults[0]}" for result in results if not result.ok]
        progress(Step("; ".join(wrong) or _under_way(evidence.endings), deadline - now))
        time.sleep(_PAUSE_SECONDS)


def _under_way(endings: Endings) -> str:
    most, others = endings.under_way[:_NAMED], endings.under_way[_NAMED:]
    return ", ".join((*most, f"and in {len(others)} other places") if others else most)


def _read(stack: Stack, progress: Progress) -> Evidence:
    total, read = rows_to_read(stack), 0

    def counting(rows: int) -> None:
        nonlocal read
        read += rows
        progress(Step("reading", done=read, total=max(read, total)))

    progress(Step("reading", total=total))
    return gather(stack, counting)


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
