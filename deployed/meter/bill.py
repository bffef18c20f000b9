"""The bill of a million orders, as STANDARD and as EXPRESS, and of an idle month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deployed.calls import Call
from deployed.meter.idle import idle_lines
from deployed.meter.prices import Prices, list_prices
from deployed.meter.usage import Line, Machines, floor_of, lines_of
from deployed.stack import Stack

MILLION = 1_000_000


@dataclass(frozen=True)
class Priced:
    line: Line
    dollars: float


@dataclass(frozen=True)
class Bill:
    """Lines for a million orders, and what they cost. `deployed` says how checkout ran while this was measured; the
    other kind is computed from the same executions."""

    orders: int
    lines: int
    clicks: int
    deployed: str
    standard: tuple[Priced, ...]
    express: tuple[Priced, ...]
    floor: float
    idle: tuple[Priced, ...]
    prices: Prices

    def document(self) -> dict[str, Any]:
        return {
            "orders": self.orders,
            "lines": self.lines,
            "clicks": self.clicks,
            "deployed": self.deployed,
            "per_million": {
                kind: {
                    "usd": round(total(priced), 2),
                    "lines": [_document(one) for one in priced if one.line.amount],
                }
                for kind, priced in (("STANDARD", self.standard), ("EXPRESS", self.express))
            },
            "floor": round(self.floor, 2),
            "idle_month": {"usd": round(total(self.idle), 2), "lines": [_document(one) for one in self.idle]},
            "prices": {"as_of": self.prices.as_of, "region": self.prices.region, "source": self.prices.source},
        }


def bill_of(stack: Stack, calls: Sequence[Call], *, orders: int, lines: int, clicks: int) -> Bill:
    """Returns what these calls of `orders` orders cost, scaled to a million."""
    machines, prices = machines_of(stack), list_prices()
    standard, express = (
        priced(lines_of(calls, machines, express=kind), prices, MILLION / orders) for kind in (False, True)
    )
    floor = priced(floor_of(lines_of(calls, machines, express=True), calls), prices, MILLION / orders)
    return Bill(
        orders=orders,
        lines=lines,
        clicks=clicks,
        deployed="EXPRESS" if stack.resources["Workflows/Checkout"] in machines.express else "STANDARD",
        standard=standard,
        express=express,
        floor=total(floor),
        idle=priced(idle_lines(stack), prices, 1),
        prices=prices,
    )


def priced(lines: Iterable[Line], prices: Prices, times: float) -> tuple[Priced, ...]:
    return tuple(
        Priced(
            Line(line.service, line.what, line.price, line.amount * times), line.amount * times * prices.usd[line.price]
        )
        for line in lines
    )


def total(lines: Iterable[Priced]) -> float:
    return sum(one.dollars for one in lines)


def by_service(lines: Iterable[Priced]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for one in lines:
        found[one.line.service] += one.dollars  # type: ignore[assignment]
    return dict(found)


def machines_of(stack: Stack) -> Machines:
    """Reads what the configuration says and no call tells."""
    states, functions, resources = stack.client("stepfunctions"), stack.client("lambda"), stack.resources
    express = {
        found.id
        for found in resources.of_type("AWS::StepFunctions::StateMachine")
        if states.describe_state_machine(stateMachineArn=found.id)["type"] == "EXPRESS"
    }
    talkative = {
        found.id
        for found in resources.of_type("AWS::Lambda::Function")
        if functions.get_function_configuration(FunctionName=found.id).get("LoggingConfig", {}).get("SystemLogLevel")
        != "WARN"
    }
    mappings = [
        functions.get_event_source_mapping(UUID=found.id)
        for found in resources.of_type("AWS::Lambda::EventSourceMapping")
    ]
    return Machines(
        express=frozenset(express),
        talkative=frozenset(talkative),
        scheduled=frozenset({resources["Order/Reconcile"]}),
        gathered=frozenset(
            mapping["EventSourceArn"] for mapping in mappings if mapping.get("MaximumBatchingWindowInSeconds")
        ),
        names={physical: path for path, physical in resources.items()},
    )


def _document(one: Priced) -> dict[str, Any]:
    return {
        "service": one.line.service,
        "what": one.line.what,
        "amount": round(one.line.amount, 2),
        "usd": round(one.dollars, 4),
    }
