"""A Lambda function that a workflow invokes: a typed input, a plain result, and each business outcome a named error."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from contracts.types import Value
from shopkit.telemetry import concerns, tracer
from shopkit.types import LambdaHandler


class OrderTask(Value):
    """The input of a task that concerns one order. A task that needs more derives its own model from this."""

    order_id: str


def task[M: Value, R](model: type[M]) -> Callable[[Callable[[M], R]], LambdaHandler[R]]:
    """Makes a handler of a function that takes a `model`.

    Step Functions matches a raised exception by its class name, so exceptions pass through unchanged. An input that is
    not such a model raises pydantic.ValidationError before the function runs. Its message does not quote the input.
    """

    def decorate(run: Callable[[M], R]) -> LambdaHandler[R]:
        @wraps(run)
        def handler(event: dict[str, Any], _context: Any) -> R:
            given = model.model_validate(event)
            concerns(getattr(given, "order_id", None))
            return run(given)

        return tracer.capture_lambda_handler(handler, capture_response=False)

    return decorate
