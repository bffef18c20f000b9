"""What an operator does once the faults are over, until nothing is left to do: wait, decide, redrive, settle.

It goes beyond the runbooks in one thing: an overdue checkout is restarted at once, not when the reconciler's limit of
ten minutes has passed.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audit.endings import endings_of
from chaos.shoppers import Crowd
from contracts.orders_stream import OrderStatus
from deployed.dead_letters.places import places_of
from deployed.dead_letters.redrive import redrive
from deployed.errors import CommandError
from deployed.settlement import settle_again
from deployed.stack import Stack

QUIET_SECONDS = 420.0
_ROUNDS = 8
_POLL_SECONDS = 0.5
_RECONCILER = "Order/Reconcile"
_LIMIT = "CHECKOUT_LIMIT_SECONDS"

type Tell = Callable[[str], None]


class Healing:
    """`redriven` counts the letters that were sent back, by place; `settled` and `restarted` are numbers of orders."""

    def __init__(self, stack: Stack, crowd: Crowd, tell: Tell) -> None:
        self.stack, self.crowd, self.tell = stack, crowd, tell
        self.redriven: Counter[str] = Counter()
        self.settled = self.restarted = self.decided = 0

    def heal(self) -> None:
        """Returns when nothing is left to do, or after some rounds: the audit then says what is wrong."""
        for _ in range(_ROUNDS):
            self._wait()
            did = self._decide() + self._redrive() + self._settle()
            if not did:
                did = self._restart()
            if not did:
                return

    def _wait(self) -> None:
        deadline = time.monotonic() + QUIET_SECONDS
        while not (endings := endings_of(self.stack)).idle and time.monotonic() < deadline:
            self.tell(f"Waiting for quiet: {', '.join(endings.under_way[:2])}")
            time.sleep(_POLL_SECONDS)

    def _decide(self) -> int:
        decided = self.crowd.decide()
        self.decided += decided
        return decided

    def _redrive(self) -> int:
        self.tell("Redriving dead letters")
        sent = 0
        for place in places_of(self.stack):
            if place.depth():
                done = [outcome for outcome in redrive(place) if outcome.problem is None]
                self.redriven[place.path] += len(done)
                sent += len(done)
        return sent

    def _settle(self) -> int:
        """Settles what needs attention, as `./shop settle` does."""
        needy = [order for order in self.crowd.orders() if order.attention]
        for order in needy:
            self.tell(f"Settling {order.order_id}")
            try:
                settle_again(self.stack, order.order_id)
            except CommandError:
                continue
            self.settled += 1
        return len(needy)

    def _restart(self) -> int:
        """Restarts checkouts that died, and settlements that never reported."""
        with reconciling_at_once(self.stack):
            answer = self.stack.client("lambda").invoke(FunctionName=self.stack.resources[_RECONCILER])
            outcome = json.loads(answer["Payload"].read() or "{}")
        placed = sum(order.status is OrderStatus.PLACED for order in self.crowd.orders())
        restarted = int(outcome.get("restarted", 0)) + int(outcome.get("rejected", 0))
        self.restarted += restarted
        return restarted or placed


@contextmanager
def reconciling_at_once(stack: Stack) -> Iterator[None]:
    """The reconciler takes every open order for overdue."""
    functions, name = stack.client("lambda"), stack.resources[_RECONCILER]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, _LIMIT: "0"}})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
