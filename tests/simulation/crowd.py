"""Everything that goes on in a shop at once: functions and people take turns at every AWS call, as a scheduler
chooses."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import Enum, auto
from threading import Semaphore
from typing import Any

from tests.simulation.invocation import Invocation
from tests.simulation.people import GaveUp
from tests.simulation.simulation import Simulation, skew
from tests.simulation.small_aws import Answer, Call, Perform
from tests.support.interleaving import Actor, Died, stop_here

_NOT_WRONG = timedelta()


class Turn(Enum):
    """What a participant does at the AWS call before which it is waiting."""

    CALL = auto()
    DIE_BEFORE = auto()
    DIE_AFTER = auto()


class Busy:
    """A participant at work, waiting at the very beginning (None) or before an AWS call."""

    def __init__(self, label: str, actor: Actor, end: Callable[[], None]) -> None:
        self.label, self.actor, self.end = label, actor, end
        self.before: Call | None = None

    def __str__(self) -> str:
        return self.label


class Crowd:
    """All participants that are working in the shop now."""

    def __init__(self, shop: Simulation) -> None:
        self.shop = shop
        self.busy: list[Busy] = []
        self._turn_over = Semaphore(0)
        self._turn = Turn.CALL
        self._acting: Busy | None = None
        shop.aws.boundary = self._at_a_call

    def start(self, invocation: Invocation, wrong_by: timedelta = _NOT_WRONG) -> Busy:
        """Begins an invocation, on a machine whose clock is wrong by that much."""
        self.shop.begun(invocation)

        def act() -> None:
            skew.set(wrong_by)
            invocation.run()

        return self._joined(str(invocation), act, invocation.end)

    def ask(self, label: str, act: Callable[[], Any]) -> Busy:
        """Begins a person's request to the API. If the API keeps failing, the person gives up."""

        def try_it() -> None:
            with suppress(GaveUp):
                act()

        return self._joined(label, try_it, lambda: None)

    def take_turn(self, busy: Busy, turn: Turn = Turn.CALL) -> None:
        """Makes one AWS call, and goes on to the next one or to the end. Raises errors of the test harness itself."""
        # A participant that has not begun cannot die yet.
        self._turn = turn if busy.actor.stops else Turn.CALL
        self._acting = busy
        busy.actor.take_turn(dies=self._turn is Turn.DIE_BEFORE)
        self._turn, self._acting = Turn.CALL, None
        if busy.actor.done:
            self.busy.remove(busy)
            if busy.actor.failure:
                raise busy.actor.failure
            busy.end()

    def everybody_dies(self) -> None:
        """Ends all participants, so that a failed test leaves no thread behind."""
        while self.busy:
            with suppress(Exception):
                self.take_turn(self.busy[0], Turn.DIE_BEFORE)

    def _joined(self, label: str, act: Callable[[], None], end: Callable[[], None]) -> Busy:
        busy = Busy(label, Actor(act, self._turn_over), end)
        self.busy.append(busy)
        return busy

    def _at_a_call(self, call: Call, perform: Perform) -> Answer:
        if self._acting:
            self._acting.before = call
        stop_here()
        answer = perform()
        if self._turn is Turn.DIE_AFTER:
            raise Died
        return answer
