"""5. Every execution has ended, every queue and dead-letter queue is empty, no order is left unfinished, and nothing
that moves events is switched off."""

from collections.abc import Collection, Iterator

from audit import infrastructure
from audit.endings import Endings, Queue, waits_for_a_person
from audit.evidence import Evidence
from audit.result import CheckResult
from contracts.orders_stream import OrderStatus
from deployed.words import count


def check(evidence: Evidence, expect_dead: Collection[str] = ()) -> CheckResult:
    """`expect_dead` are ids of messages, or of events in them, that are allowed in dead-letter queues."""
    broken = tuple(infrastructure.faults(evidence))
    faults = tuple(_faults(evidence, frozenset(expect_dead)))
    dead = any(queue.final and queue.depth for queue in evidence.endings.queues)
    # What is switched off comes first, because most other faults follow from it.
    remedy = (
        "switch on what is off (console or AWS CLI), then ./shop audit"
        if broken
        else "./shop dlq ls"
        if dead
        else "./shop audit --wait 300"
    )
    return CheckResult(5, "executions and queues", _figures(evidence.endings), (*broken, *faults), remedy=remedy)


def _figures(endings: Endings) -> str:
    running = sum(machine.running for machine in endings.machines)
    failed = sum(machine.ended_badly for machine in endings.machines)
    express = sum(machine.express for machine in endings.machines)
    dead = sum(queue.depth for queue in endings.queues if queue.final)
    waiting = sum(queue.depth for queue in endings.queues if not queue.final)
    return (
        f"{count(len(endings.machines), 'workflow')}: {running:,} running, {failed:,} failed"
        f"{f' ({express} EXPRESS, proven by the orders)' if express else ''}; "
        f"{count(len(endings.queues), 'queue')}: {waiting:,} waiting, {dead:,} dead"
    )


def _faults(evidence: Evidence, declared: frozenset[str]) -> Iterator[str]:
    held = sum(order.status is OrderStatus.AWAITING_REVIEW for order in evidence.orders.values())
    for machine in evidence.endings.machines:
        allowed = held if waits_for_a_person(machine) else 0
        if machine.running > allowed:
            yield f"{machine.path}: {count(machine.running, 'execution')} still running"
    for queue in evidence.endings.queues:
        if undeclared := _undeclared(queue, declared):
            yield f"{queue.path}: {count(undeclared, 'message')}{_samples(queue, declared)}"
    if batches := evidence.endings.failed_batches:
        yield f"FailureBucket: {count(len(batches), 'stream batch', 'stream batches')} failed, first {batches[0]}"
    for order_id, order in sorted(evidence.orders.items()):
        if order.status is OrderStatus.PLACED:
            yield f"{order_id}: still PLACED, checkout has not decided"


def _undeclared(queue: Queue, declared: frozenset[str]) -> int:
    return queue.depth - sum(_is_declared(message.id, message.body, declared) for message in queue.messages)


def _is_declared(message_id: str, body: str, declared: frozenset[str]) -> bool:
    return message_id in declared or any(id_ in body for id_ in declared)


def _samples(queue: Queue, declared: frozenset[str]) -> str:
    ids = [message.id for message in queue.messages if not _is_declared(message.id, message.body, declared)]
    return f" ({', '.join(ids[:3])}{', …' if len(ids) > 3 else ''})" if ids else ""
