"""What X-Ray recorded about one order, joined over queues, bus and streams."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployed.errors import CommandError
from deployed.front_door import Event, Order
from deployed.resources import Resource
from deployed.stack import Stack
from deployed.traces.names import Names
from deployed.traces.steps import Step, steps_of
from deployed.traces.waiting import Consumers, Waiting, waiting
from deployed.traces.xray import segments_of


@dataclass(frozen=True)
class Traced:
    """The order's steps by time. `waiting` has not been taken by its consumer; `untraced` are events of its timeline
    whose publication no trace contains."""

    order: Order
    steps: tuple[Step, ...]
    waiting: tuple[Waiting, ...]
    untraced: tuple[Event, ...]


def traced(stack: Stack, order: Order, events: Sequence[Event]) -> Traced:
    """Raises CommandError if there is no trace of the order."""
    # Traces name a workflow by the end of its ARN, which is its id.
    names = Names({found.id.rpartition(":")[2]: found.path for found in _all(stack)})
    steps = steps_of(order.order_id, segments_of(stack.client("xray"), order.order_id, order.placed_at), names)
    if all(step.only_reads or _is_read(step, steps) for step in steps):
        raise CommandError(_nothing(stack, order.order_id))
    published = {step.event_id for step in steps if step.deed == "published"}
    return Traced(
        order,
        tuple(steps),
        tuple(waiting(steps, Consumers(stack, names), every_trace_is_kept=stack.is_local)),
        tuple(event for event in events if event.event_id not in published),
    )


def _is_read(step: Step, steps: Sequence[Step]) -> bool:
    return any(step.cause == other.id and other.only_reads for other in steps)


def _all(stack: Stack) -> list[Resource]:
    kinds = ("AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::StepFunctions::StateMachine")
    return [found for kind in kinds for found in stack.resources.of_type(kind)]


def _nothing(stack: Stack, order_id: str) -> str:
    if stack.is_local:
        return f"There is no trace of {order_id}: only the newest are kept, and none from before this version."
    return (
        f"X-Ray has no trace of {order_id}: its requests were not sampled, it is older than 30 days, or its traces "
        "have not arrived yet, which takes up to a minute. Its events: ./shop story"
    )
