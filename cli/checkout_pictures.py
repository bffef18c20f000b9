"""What is shown below an order's story: the steps of its checkouts, and what it cost."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.format import count, lasting, table
from contracts.types import rfc3339
from deployed.checkouts import Checkout, Checkouts, Step
from deployed.cost import NOT_COUNTED, Estimate
from deployed.front_door import Event, Order


def steps_picture(checkouts: Checkouts, events: Sequence[Event], order: Order) -> Iterator[RenderableType]:
    if checkouts.express:
        yield Text("Checkouts are EXPRESS workflows here, which keep no record of their steps.", style="dim")
    for number, run in enumerate(checkouts.runs, start=1):
        which = f", run {number} of {len(checkouts.runs)}" if len(checkouts.runs) > 1 else ""
        steps = table(f"Checkout{which}: {_outcome(run, order)}")
        steps.add_column("when", justify="right", no_wrap=True)
        steps.add_column("took", justify="right", no_wrap=True, style="dim")
        steps.add_column("step", no_wrap=True)
        steps.add_column("attempts", justify="right")
        steps.add_column("what failed")
        for step in run.steps:
            since = (step.began - events[0].at).total_seconds()
            steps.add_row(
                f"+{since:.3f} s", lasting(step.ended - step.began), step.name, _attempts(step), _failed(step)
            )
        yield steps


def cost_picture(cost: Estimate) -> RenderableType:
    parts = ", ".join(f"{name} ${dollars:.6f}" for name, dollars in cost.by_service.items())
    return Text.assemble(
        ("Cost, an estimate: ", "bold"),
        (f"${cost.total:.6f}", "bold"),
        f"  ({count(round(1 / cost.total), 'order')} for a dollar)\n" if cost.total else "\n",
        f"  {parts}\n",
        (f"  Estimated from its events, at list prices of {cost.prices.as_of}, {cost.prices.region};", "dim"),
        (f" not counted: {NOT_COUNTED}.", "dim"),
    )


def checkouts_document(checkouts: Checkouts) -> dict[str, Any]:
    return {
        "type": "EXPRESS" if checkouts.express else "STANDARD",
        "runs": [_run_document(run) for run in checkouts.runs],
    }


def cost_document(cost: Estimate) -> dict[str, Any]:
    return {
        "usd": cost.total,
        "by_service": cost.by_service,
        "operations": dict(sorted(cost.use.items())),
        "prices": {"as_of": cost.prices.as_of, "region": cost.prices.region, "source": cost.prices.source},
        "not_counted": NOT_COUNTED,
    }


def _outcome(run: Checkout, order: Order) -> str:
    """Returns how a checkout ended. For Step Functions, a checkout that ran to its end has succeeded, even if it
    rejected its order."""
    if run.status != "SUCCEEDED":
        return run.status.lower().replace("_", " ")
    return f"ended (order {order.status.value.lower().replace('_', ' ')})"


def _run_document(run: Checkout) -> dict[str, Any]:
    return {
        "began": rfc3339(run.began),
        "status": run.status,
        "transitions": run.transitions,
        "steps": [
            {
                "name": step.name,
                "began": rfc3339(step.began),
                "ended": rfc3339(step.ended),
                "attempts": step.attempts,
                "errors": list(step.errors),
            }
            for step in run.steps
        ],
    }


def _attempts(step: Step) -> Text:
    return Text(str(step.attempts) if step.attempts else "", style="bold yellow" if step.attempts > 1 else "")


def _failed(step: Step) -> str:
    return ", ".join(dict.fromkeys(step.errors))
