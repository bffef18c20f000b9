"""One run of chaos: shoppers and faults, then healing, then the audit."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from audit import run_audit
from audit.result import CheckResult
from chaos.healing import Healing
from chaos.imposing import by_kind, in_force
from chaos.shoppers import Crowd
from contracts.types import rfc3339
from deployed.faults import Operation, Plan, Spell
from deployed.front_door import Order
from deployed.stack import Stack

# A killed run's faults end by themselves.
_SECONDS, _SECONDS_PER_ORDER, _HEALING_SECONDS = 120, 3, 3600
_AUDIT_SECONDS = 180.0
_OPERATIONS = (
    *(
        Operation("call", "dynamodb", name)
        for name in ("GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")
    ),
    Operation("call", "events", "PutEvents"),
    Operation("call", "kinesis", "PutRecords"),
    Operation("call", "sns", "PublishBatch"),
    Operation("request", "api", "POST /orders"),
    Operation("request", "api", "POST /clicks"),
    Operation("delivery", "events", "OrderPlaced"),
    Operation("delivery", "events", "OrderConfirmed"),
    Operation("delivery", "sns", "message"),
    Operation("batch", "dynamodb", "Orders"),
    Operation("batch", "sqs", "TimelineQueue"),
    Operation("message", "sqs", "SettleQueue"),
)


@dataclass(frozen=True)
class Report:
    """`injected` is kind → service → number. `endings` are by status and reason. `violations` are everything that
    must not be."""

    seed: int
    orders: int
    rate: float
    at: str
    seconds: float
    injected: dict[str, dict[str, int]]
    endings: dict[str, int]
    redriven: dict[str, int]
    settled: int
    restarted: int
    refused: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    violations: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.violations

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.holds, "checks": [check.document() for check in self.checks]}


def plan_of(seed: int, rate: float, orders: int, now: float) -> Plan:
    """Returns the plan of a run: every kind of fault, at every kind of operation."""
    until = now + _SECONDS + orders * _SECONDS_PER_ORDER
    return Plan(seed, now, (Spell(rate, until),), hurry=until + _HEALING_SECONDS)


def foreseen(plan: Plan, most: int) -> list[tuple[Operation, list[tuple[int, str]]]]:
    """Returns the first faults of the shop's usual operations: which of each name, and what happens to it."""
    now = plan.begun
    return [
        (operation, [(nth, str(fault)) for nth in range(1, most + 1) if (fault := plan.fault(operation, nth, now))])
        for operation in _OPERATIONS
    ]


def run(stack: Stack, *, seed: int, orders: int, rate: float, tell: Callable[[str, float], None]) -> Report:
    """Runs chaos at a local stack, and leaves it healed. `tell` is told what goes on, and which share is done. Raises
    CommandError."""
    began = time.time()
    with in_force(stack, plan_of(seed, rate, orders, began)) as imposing:
        crowd = Crowd.of(stack, seed, run=uuid.uuid4().hex[:12])
        crowd.shop(orders, lambda now: tell(f"Shopping: {now.done} of {orders} errands", now.done / orders))
        imposing.calm()
        healing = Healing(stack, crowd, lambda text: tell(text, 1.0))
        healing.heal()
        tell("Auditing", 1.0)
        checks = run_audit(stack, patience=_AUDIT_SECONDS)
        found = crowd.orders()
        return Report(
            seed=seed,
            orders=orders,
            rate=rate,
            at=rfc3339(datetime.fromtimestamp(began, UTC)),
            seconds=round(time.time() - began, 1),
            injected=by_kind(imposing.suffered()),
            endings=endings(found),
            redriven=dict(healing.redriven),
            settled=healing.settled,
            restarted=healing.restarted,
            refused=tuple(crowd.refused),
            checks=tuple(checks),
            violations=tuple(_violations(checks, crowd, found, orders)),
        )


def endings(orders: Sequence[Order]) -> dict[str, int]:
    """Returns how the orders ended, most first."""
    how = Counter(f"{order.status}{f' ({order.reason})' if order.reason else ''}" for order in orders)
    return dict(how.most_common())


def _violations(checks: Sequence[CheckResult], crowd: Crowd, found: Sequence[Order], orders: int) -> list[str]:
    audited = [f"{check.name}: {fault}" for check in checks for fault in check.faults]
    needy = [f"{order.order_id} still needs attention" for order in found if order.attention]
    lost = {*crowd.placed} - {order.order_id for order in found}
    gone = [f"{order_id} was accepted, and is not there" for order_id in sorted(lost)]
    # One errand, one order: a key that was refused has no order.
    twice = len(set(crowd.placed)) != orders - len(crowd.refused)
    extra = [f"{orders - len(crowd.refused)} errands have {len(set(crowd.placed))} orders"] if twice else []
    return [*audited, *needy, *crowd.noticed, *gone, *extra]
