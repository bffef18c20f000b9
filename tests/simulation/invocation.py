"""One invocation of a real handler, in the function's own environment, from its event to its outcome."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.simulation.deployment import Function
from tests.simulation.small_aws import running_as
from tests.simulation.workflow import Failure
from tests.support.interleaving import Died

type Outcome = Any | Failure
type Ended = Callable[[Outcome], None]


class Invocation:
    """Call `run`, inline or in a thread that takes turns, and then `end`, which reports the outcome to its trigger."""

    def __init__(self, function: Function, event: Any, ended: Ended) -> None:
        self.function, self.event, self._ended = function, event, ended
        self.outcome: Outcome = Failure("Lambda.Unknown", "it died")

    def run(self) -> None:
        """Runs the handler. For the trigger, a function that dies has failed."""
        try:
            self.outcome = invoke(self.function, self.event)
        except Died:
            pass
        except Exception as failure:  # noqa: BLE001 - what Lambda does with it
            self.outcome = Failure(type(failure).__name__, str(failure))

    def end(self) -> None:
        self._ended(self.outcome)

    def __str__(self) -> str:
        return self.function.module


def invoke(function: Function, event: Any) -> Any:
    module, _, name = function.handler.rpartition(".")
    with running_as(function.module, function.environment):
        return getattr(import_module(module), name)(event, None)
