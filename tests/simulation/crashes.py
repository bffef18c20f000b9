"""Enumerated crashes: a story runs once without faults, and then once for every fault at every call."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.simulation.people import People
from tests.simulation.simulation import Simulation, new_simulation
from tests.simulation.small_aws import Answer, Call, Perform
from tests.simulation.small_dynamodb import Refusal
from tests.simulation.stories import Story
from tests.simulation.verdict import evidence_of, faults
from tests.support.interleaving import Died

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
# The reason of a failed settlement contains the words of the function that recorded it.
_REASON = re.compile(r"^(authorize|capture|void|refund) failed: .*")
# DynamoDB recognizes a repeated transaction by its token.
_WRITES_THAT_REPEAT = {"PutItem", "UpdateItem", "PutEvents", "PublishBatch"}
# The table in which transactions and other writes conflict.
_TRANSACTED = "Inventory.Inventory"

# How often a row was written, and which execution waits with which token: no other part of the shop sees these.
_BOOKKEEPING = {"revision", "execution", "token"}


class Fault(StrEnum):
    """A fault that can happen to one call."""

    BEFORE = "dies just before"
    AFTER = "dies just after"
    REFUSED = "is refused by AWS"
    REPEATED = "is repeated by the SDK, because its first answer was lost"
    CONFLICT = "meets another transaction"


@dataclass
class Trouble:
    """A boundary that injects one fault at the call with that number. Without a fault it only records."""

    fault: Fault | None = None
    at: int = -1
    calls: list[Call] = field(default_factory=list)
    happened: bool = False

    def __call__(self, call: Call, perform: Perform) -> Answer:
        self.calls.append(call)
        if len(self.calls) - 1 != self.at or self.fault not in possible(call):
            return perform()
        self.happened = True
        match self.fault:
            case Fault.BEFORE:
                raise Died
            case Fault.AFTER:
                perform()
                raise Died
            case Fault.REPEATED:
                perform()
                return perform()
            case Fault.CONFLICT if call.operation == "TransactWriteItems":
                reasons = [{"Code": "TransactionConflict"} for _ in call.parameters["TransactItems"]]
                raise Refusal("TransactionCanceledException", CancellationReasons=reasons)
            case Fault.CONFLICT:
                raise Refusal("TransactionConflictException")
            case Fault.REFUSED if call.operation == "PutEvents":
                entries = [{"ErrorCode": "ThrottlingException"} for _ in call.parameters["Entries"]]
                return {"FailedEntryCount": len(entries), "Entries": entries}
            case Fault.REFUSED if call.operation == "PublishBatch":
                return {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
        raise Refusal("InternalServerError")


def possible(call: Call) -> list[Fault]:
    faults = [Fault.BEFORE, Fault.AFTER, Fault.REFUSED]
    if call.operation in _WRITES_THAT_REPEAT:
        faults.append(Fault.REPEATED)
    if _TRANSACTED in call.tables and call.operation in {"PutItem", "UpdateItem", "TransactWriteItems"}:
        faults.append(Fault.CONFLICT)
    return faults


@dataclass(frozen=True)
class Ending:
    """The state after a story, and the violations in its shop."""

    calls: list[Call]
    invoked: set[str]
    left: Any
    faults: list[str]
    happened: bool


def ending_of(story: Story, fault: Fault | None = None, at: int = -1) -> Ending:
    trouble = Trouble(fault, at)
    with new_simulation() as shop:
        people = People(shop)
        people.stock(**story.stock)
        shop.aws.boundary = trouble
        story.tell(people)
        left = outcome(shop) if story.counted else left_behind(shop)
        return Ending(trouble.calls, set(shop.invoked), left, people.noticed + faults(shop), trouble.happened)


@dataclass
class Report:
    """Everything that was tried with one story."""

    calm: Ending
    points: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{len(self.calm.invoked)} handlers, {self.points} crash points, {len(self.violations)} violations"


def every_crash(story: Story) -> Report:
    """Runs the story with each fault at each of its calls."""
    report = Report(ending_of(story))
    report.violations += [f"calm: {fault}" for fault in report.calm.faults]
    for point, violations in crash_points(story, report.calm):
        report.points += 1
        report.violations += [f"{point}: {violation}" for violation in violations]
    return report


def crash_points(story: Story, calm: Ending) -> Iterator[tuple[str, list[str]]]:
    """Yields each crash point and what went wrong there."""
    for number, call in enumerate(calm.calls):
        for fault in possible(call):
            yield f"call {number}, {call}, {fault}", list(_wrong(story, calm, fault, number))


def _wrong(story: Story, calm: Ending, fault: Fault, at: int) -> Iterator[str]:
    try:
        crashed = ending_of(story, fault, at)
    except AssertionError as never_quiet:
        yield str(never_quiet)
        return
    if not crashed.happened:
        yield "the call was not made again: what came before it is not repeatable"
    yield from crashed.faults
    for name, value in calm.left.items():
        if crashed.left[name] != value:
            yield f"{name}: {_difference(value, crashed.left[name])}"


def left_behind(shop: Simulation) -> dict[str, Any]:
    """Returns what must be the same whatever happened during the story: every row, every event by its id, every
    message. Times may differ, because a function that died runs again later."""
    tables = {name: _timeless(sorted(shop.rows(name), key=repr)) for name in shop.tables}
    return {
        **tables,
        "bus": sorted({(published.type, published.id) for published in shop.bus}),
        "order updates": sorted({(published.type, published.id) for published in shop.order_updates}),
        "queues": {name: len(queue.messages) for name, queue in shop.queues.items()},
        "waiting executions": sorted(e.machine for e in shop.executions if e.status == "RUNNING"),
    }


def outcome(shop: Simulation) -> dict[str, Any]:
    """Returns the outcome of the story, without who else was notified."""
    evidence = evidence_of(shop)
    return {
        "orders": {id_: (order.status, bool(order.attention)) for id_, order in evidence.orders.items()},
        "charges": {id_: charge.model_dump(exclude={"answers"}) for id_, charge in evidence.charges.items()},
        "goods": {id_: reservation.status for id_, reservation in evidence.reservations.items()},
        "stock": {sku: (product.available, product.reserved) for sku, product in evidence.products.items()},
        "queues": {name: len(queue.messages) for name, queue in shop.queues.items()},
    }


def _timeless(node: Any) -> Any:
    match node:
        case str():
            return _REASON.sub(r"\1", _TIME.sub("then", node))
        case dict():
            return {name: _timeless(value) for name, value in node.items() if name not in _BOOKKEEPING}
        case list() | tuple():
            return [_timeless(value) for value in node]
    return node


def _difference(calm: Any, crashed: Any) -> str:
    if isinstance(calm, list) and isinstance(crashed, list):
        lost = [entry for entry in calm if entry not in crashed]
        new = [entry for entry in crashed if entry not in calm]
        return f"lacks {lost}, has {new} instead"
    return f"{crashed} instead of {calm}"
