"""Real functions that take turns at every AWS call, as a test chooses. The same choices always give the same
interleaving.

Each actor runs in its own thread, but only one at a time. It gives up its turn just before and just after each AWS
call. There it can also die, like a Lambda function that times out.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import event
from hypothesis import strategies as st

from shopkit.aws import client


class Died(BaseException):
    """The execution environment ended. No handler can catch this, as in Lambda."""


class Actor:
    """An actor that runs in turns: `take_turn` continues to the next `stop_here` in the code that it runs, or to its
    end."""

    def __init__(self, act: Callable[[], None], turn_over: threading.Semaphore) -> None:
        self.stops = 0
        self.done = False
        self.failure: BaseException | None = None
        self._dies_at: int | None = None
        self._turn, self._turn_over = threading.Semaphore(0), turn_over
        self._thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        self._thread.start()

    def take_turn(self, *, dies: bool) -> None:
        """Runs to the next stop or to the end."""
        self._dies_at = self.stops if dies else None
        self._turn.release()
        if not self._turn_over.acquire(timeout=30):
            raise TimeoutError("an actor neither stopped nor ended")

    def stop(self) -> None:
        self.stops += 1
        self._turn_over.release()
        self._turn.acquire()
        if self._dies_at is not None:
            raise Died

    def _run(self, act: Callable[[], None]) -> None:
        self._turn.acquire()
        _current.actor = self
        try:
            if self._dies_at is None:
                act()
        except Died:
            pass
        except BaseException as failure:  # noqa: BLE001 - handed to the test, which runs in another thread
            self.failure = failure
        finally:
            self.done = True
            self._turn_over.release()


_current = threading.local()


def interleave(actors: Sequence[Callable[[], None]], choose: Callable[[int], tuple[int, bool]]) -> None:
    """Runs all actors to their ends or deaths. `choose(n)` says which of the n running actors takes the next turn, and
    whether it dies there. Raises what an actor raised."""
    turn_over = threading.Semaphore(0)
    running = [Actor(act, turn_over) for act in actors]
    with stopping_at_aws_calls(stop_here):
        while running:
            index, dies = choose(len(running))
            actor = running[index]
            actor.take_turn(dies=dies)
            if actor.done:
                running.remove(actor)
                if actor.failure:
                    raise actor.failure


def in_bursts(data: st.DataObject, *, head_start: int = 0) -> Callable[[int], tuple[int, bool]]:
    """Returns choices for `interleave`: one actor runs for a while, then another. A race needs one actor that waits
    while others run far, which evenly distributed single turns hardly ever produce. The first actor goes first, for up
    to `head_start` turns."""
    actor, left, of = 0, data.draw(st.integers(0, head_start), "head start"), 0

    def choose(running: int) -> tuple[int, bool]:
        nonlocal actor, left, of
        of = of or running
        if not left or of != running:
            drawn, left, dies = data.draw(_BURST)
            actor, of = drawn % running, running
            if dies:
                event("a function died")
                return actor, True
        left -= 1
        return actor, False

    return choose


# Which actor, for how many turns, and whether it dies instead.
_BURST = st.tuples(
    st.integers(0, 11), st.sampled_from([1, 2, 3, 5, 8, 13, 21, 34]), st.sampled_from([False] * 9 + [True])
)


@contextmanager
def stopping_at_aws_calls(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` just before and just after each call to DynamoDB. After the call, its effect is visible."""

    def on_call(**_event: Any) -> None:
        stop()

    events = client("dynamodb").meta.events
    names = ("before-call.dynamodb", "after-call.dynamodb")
    for name in names:
        events.register(name, on_call)
    try:
        yield
    finally:
        for name in names:
            events.unregister(name, on_call)


def stop_here() -> None:
    """Ends the turn of the actor in whose thread this is called. In other threads it does nothing."""
    actor: Actor | None = getattr(_current, "actor", None)
    if actor:
        actor.stop()
