"""What an experiment is: `experiments/*.yaml`, checked when it is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from contracts.orders_stream import OrderStatus
from contracts.types import Value
from deployed.errors import CommandError, Usage
from deployed.stack import PROJECT

FOLDER = PROJECT / "experiments"

type Name = str
"""What an experiment calls one of its orders."""
type Path_ = str
"""A resource of the stack, as logical ids from the root down, such as `Order/TimelineQueue`."""


class DisableMapping(Value):
    """Lambda stops reading the queue or stream for this function."""

    disable_mapping: Path_


class DisableRule(Value):
    """The bus drops what this rule would have delivered."""

    disable_rule: Path_


class DenyAction(Value):
    """The role is denied this action, whatever its policies allow."""

    deny: str
    to: Path_


class ThrottleFunction(Value):
    """Lambda refuses every run of the function."""

    throttle: Path_


class HurryQueue(Value):
    """A message that failed is delivered again after this many seconds, so that five failures do not take an hour."""

    hurry: Path_
    seconds: Annotated[int, Field(ge=1)] = 1


class HurryStream(Value):
    """The stream's reader gives a batch up after this many retries, instead of after half a day."""

    give_up: Path_
    after: Annotated[int, Field(ge=0)] = 1


class HurryReview(Value):
    """A review that starts now waits for a person for this many seconds."""

    review_limit: Annotated[int, Field(ge=1)]


class SetVariable(Value):
    """The function runs with another environment variable."""

    set: dict[str, str]
    of: Path_


class SplitShard(Value):
    """The stream's one shard is split in two. Both stay: two shards work as one does, and each costs $11 a month."""

    split_shard: Path_


type Break = (
    DisableMapping
    | DisableRule
    | DenyAction
    | ThrottleFunction
    | HurryQueue
    | HurryStream
    | HurryReview
    | SetVariable
    | SplitShard
)


class Place(Value):
    """Places orders for the experiment's product, each with an Idempotency-Key of its own. Several get numbers."""

    order: Name
    card: str = "pm_visa"
    quantity: Annotated[int, Field(ge=1)] = 1
    count: Annotated[int, Field(ge=1)] = 1


class Cancel(Value):
    cancel: Name


class Review(Value):
    review: Name
    decision: Literal["approve", "reject"]


class Settle(Value):
    """Sends the closing event of a closed order to the settle queue again, as `./shop settle` does."""

    settle: Name


class Price(Value):
    """An operator changes the product's price, in cents."""

    price: int


class Click(Value):
    """One visitor views the product this many times. Every request is sent twice, as by a client that lost the
    answer."""

    views: Annotated[int, Field(ge=1, le=100)]


class Poison(Value):
    """A text that nobody can read, in a queue, in a stream, in a table whose stream is read, or in a Kafka topic."""

    poison: Path_
    group: str | None = None


class Redrive(Value):
    """Sends the dead letters of a place back to where they belong."""

    redrive: Path_


class Drop(Value):
    """Deletes the dead letters of a place that were caused by poison."""

    drop: Path_


class Replay(Value):
    """Sends everything in the archive since this many minutes again."""

    replay: Annotated[int, Field(ge=1)]


class Reconcile(Value):
    """Runs the reconciler now, instead of at its next minute."""

    run: Path_


class StopCheckout(Value):
    """Stops the execution of an order's checkout."""

    stop_checkout: Name


type Deed = (
    Place | Cancel | Review | Settle | Price | Click | Poison | Redrive | Drop | Replay | Reconcile | StopCheckout
)


class OrderIs(Value):
    order: Name
    status: OrderStatus | Literal["CLOSED"]
    """CLOSED is any status except PLACED and AWAITING_REVIEW."""
    reason: str | None = None


class OrderTold(Value):
    """The order's timeline has, or does not have, this event."""

    order: Name
    event: str
    told: bool = True


class Exactly(Value):
    """So many of the experiment's orders have this status, and none is open."""

    orders: Annotated[int, Field(ge=0)]
    status: OrderStatus


class NeedsAttention(Value):
    attention: Name
    needed: bool = True


class Waiting(Value):
    """A queue holds at least this many messages."""

    waiting: Path_
    at_least: Annotated[int, Field(ge=1)] = 1


class DeadLetters(Value):
    """A place of dead letters holds exactly this many."""

    dead_letters: Path_
    count: Annotated[int, Field(ge=0)]


class Stock(Value):
    available: int


class Known(Value):
    """The order service knows this price of the product, in cents."""

    known_price: int


class Viewed(Value):
    """GET /trending reports this many views of the product."""

    trending_views: int


class Mailed(Value):
    """The customer was told of the order's events, in this sequence."""

    mails: tuple[str, ...]
    about: Name


type Condition = (
    OrderIs | OrderTold | Exactly | NeedsAttention | Waiting | DeadLetters | Stock | Known | Viewed | Mailed
)


class Step(Value):
    """One line of the experiment: what a person would say, and what is done. Exactly one of the rest is given."""

    say: str
    breaks: Annotated[tuple[Break, ...] | None, Field(alias="break")] = None
    does: Annotated[tuple[Deed, ...] | None, Field(alias="do")] = None
    waits: Annotated[tuple[Condition, ...] | None, Field(alias="await")] = None
    holds: Annotated[tuple[Condition, ...] | None, Field(alias="still")] = None
    heals: Annotated[Literal["everything"] | None, Field(alias="heal")] = None


class Goods(Value):
    """The experiment's own product. `price` is in cents."""

    stock: int = 5
    price: int = 1000


class Experiment(Value):
    """`service` is the AWS service that it is about, `promise` the number of the promise in docs/reliability.md that it
    puts to the test."""

    title: str
    service: str
    promise: Annotated[int, Field(ge=1, le=7)]
    hypothesis: str
    learn: str
    needs: Literal["kafka", "standard", "clickstream"] | None = None
    product: Goods = Goods()
    steps: tuple[Step, ...]
    name: str = ""

    @property
    def breaks(self) -> Iterator[Break]:
        for step in self.steps:
            yield from step.breaks or ()


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str) -> Experiment:
    """Raises Usage if there is no such experiment, CommandError if its file is wrong."""
    path = FOLDER / f"{name}.yaml"
    if name not in names():
        raise Usage(f"There is no experiment {name}. The experiments are: {', '.join(names())}.")
    return of_file(path)


def of_file(path: Path) -> Experiment:
    try:
        return Experiment.model_validate({**yaml.safe_load(path.read_text()), "name": path.stem})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise CommandError(f"{path.name} is not an experiment: {error}") from error
