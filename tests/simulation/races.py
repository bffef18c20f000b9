"""One race: a customer cancels while checkout runs. A seed decides the interleaving of every AWS call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.simulation.channels import QueueReader, StreamReader
from tests.simulation.crowd import Crowd, Turn
from tests.simulation.invocation import Invocation
from tests.simulation.people import People
from tests.simulation.simulation import Simulation, Trigger, new_simulation
from tests.simulation.verdict import evidence_of, faults

# Mostly the card that would be charged, because the others close the order anyway.
_METHODS = ["pm_visa"] * 6 + ["pm_timeout", "pm_timeout", "pm_flaky", "pm_capture_fails", "pm_declined", "pm_review"]
# When the customer cancels: when checkout reaches one of its steps, or is over. Mostly near the end.
_MOMENTS = ["Reserve goods", "Authorize payment", "Capture payment", "over", *["Confirm order"] * 4]
_CLOCKS = [timedelta(), timedelta(), timedelta(minutes=10), timedelta(minutes=-10)]
_MOST_DEATHS = 2
_STEPS = 3_000


@dataclass(frozen=True)
class Race:
    """The result: the order's own events in order, and every violation."""

    story: tuple[str, ...]
    answer: int
    faults: list[str]

    @property
    def winner(self) -> str:
        """Whose conditional write came first."""
        return self.story[1] if len(self.story) > 1 else "nobody"


def race(seed: int) -> Race:
    rng = Random(seed)
    with new_simulation() as shop, crowd_in(shop) as crowd:
        people = People(shop)
        people.stock(MUG=5)
        order_id = people.place(rng.choice(_METHODS))
        _run(_Course(rng, crowd, rng.choice(_MOMENTS)), people, order_id)
        (order,) = evidence_of(shop).orders.values()
        told = {published.id: published for published in shop.bus if published.event["source"] == "shop.order"}
        story = sorted(told.values(), key=lambda event: event.event["detail"]["entity_version"])
        wrong = faults(shop)
        ((_, answer, _),) = [asked for asked in people.answers if asked[0] == "order.cancel"]
        if (answer == 202) != (order.status == "CANCELLED"):
            wrong.append(f"the customer was answered {answer}, but the order is {order.status}")
        return Race(tuple(event.type for event in story), answer, wrong)


@contextmanager
def crowd_in(shop: Simulation) -> Iterator[Crowd]:
    crowd = Crowd(shop)
    try:
        yield crowd
    finally:
        crowd.everybody_dies()


@dataclass
class _Course:
    """The random choices of one race."""

    rng: Random
    crowd: Crowd
    moment: str
    deaths: int = 0

    def __post_init__(self) -> None:
        self.deadly = self.rng.random() < 0.3
        self.twice = self.rng.random() < 0.3  # the bus delivers at least once
        self._speeds: dict[str, float] = {}

    def speed(self, label: str) -> float:
        """Some participants are fast and some slow for the whole race. Otherwise nobody would ever be far behind."""
        return self._speeds.setdefault(label, self.rng.choice([0.05, 1, 1, 10]))

    def turn(self) -> Turn:
        if self.deadly and self.deaths < _MOST_DEATHS and self.rng.random() < 0.05:
            self.deaths += 1
            return self.rng.choice([Turn.DIE_BEFORE, Turn.DIE_AFTER])
        return Turn.CALL

    def begin(self, trigger: Trigger) -> Invocation:
        if isinstance(trigger, StreamReader):
            return trigger.begin(self.rng.randint(1, 3))
        if isinstance(trigger, QueueReader):
            return trigger.begin(self.rng.randint(1, 2), first=self.rng.randrange(len(trigger.queue.messages)))
        return trigger.begin()


def _run(course: _Course, people: People, order_id: str) -> None:
    """Runs until nothing is left to do."""
    shop, crowd, asked = people.shop, course.crowd, False
    for _ in range(_STEPS):
        if course.twice and shop.bus:
            course.twice = False
            shop.deliver(shop.bus[-1].event)
        if not asked and _has_come(shop, course.moment):
            crowd.ask("order.cancel", lambda: people.cancel(order_id))
            asked = True
        busy, ready = list(crowd.busy), shop.ready()
        if not busy and not ready:
            return
        speeds = [course.speed(label) for label in (*map(str, busy), *(trigger.label for trigger in ready))]
        (chosen,) = course.rng.choices(range(len(speeds)), speeds)
        if chosen < len(busy):
            crowd.take_turn(busy[chosen], course.turn())
        else:
            crowd.start(course.begin(ready[chosen - len(busy)]), wrong_by=course.rng.choice(_CLOCKS))
    raise AssertionError("the race never ends")


def _has_come(shop: Simulation, moment: str) -> bool:
    checkouts = [execution for execution in shop.executions if execution.machine == "Workflows.Checkout"]
    return any(
        checkout.status != "RUNNING" or (checkout.state == moment and moment != "over") for checkout in checkouts
    )
