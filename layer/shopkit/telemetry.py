"""Logs, traces and metrics of a function, named after its service (POWERTOOLS_SERVICE_NAME) and, where shops share an
account, after its shop (POWERTOOLS_METRICS_NAMESPACE).

This is the only module that knows the tracing SDK (docs/decisions/tracing.md). `./shop trace` reads what it writes.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit

# Without the place in the code, which the message tells.
logger = Logger(location=None)
tracer = Tracer(patch_modules=["botocore"])

# What an order's id may look like. Anything else that a caller sends is not worth an annotation.
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAMESPACE = "shop"

type Deed = Literal["published", "consumed", "read"]
"""What a function did with an event or with a record of a stream."""


def concerns(order_id: object) -> None:
    """Annotates the running function's trace with its order, so that the trace can be found. Ignores what is no id."""
    _annotate(tracer.put_annotation, order_id, order_id)


@contextmanager
def traced(deed: Deed, name: str, *, order_id: object, correlation_id: object, **facts: Any) -> Iterator[None]:
    """Traces one event or record as a part of the invocation, with its order. A batch may be about many orders.

    `facts` may be ids, times and counts, but nothing about a person: every reader of traces sees them.
    """
    with tracer.provider.in_subsegment(name=name) as part:
        if part is not None:
            _annotate(part.put_annotation, order_id, correlation_id)
            part.put_metadata(deed, {name: value for name, value in facts.items() if value is not None}, _NAMESPACE)
        yield


def _annotate(put: Callable[[str, str], None], order_id: object, correlation_id: object) -> None:
    """X-Ray indexes 50 annotations of a trace (Developer Guide, "Segment documents"), and one trace may be about all
    the orders of a batch. So a correlation id that is the order's id is not written twice."""
    if isinstance(order_id, str) and _ORDER_ID.fullmatch(order_id):
        put("order_id", order_id)
    if isinstance(correlation_id, str) and correlation_id != order_id:
        put("correlation_id", correlation_id[:200])


def measure(name: str, unit: MetricUnit, value: float) -> None:
    """Records a metric that AWS does not provide. Each name costs $0.30 a month. There is no call: CloudWatch reads the
    metric from the log (CloudWatch User Guide, "Specification: Embedded metric format")."""
    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "cartwheel")
    with single_metric(name, unit, value, namespace=namespace) as metric:
        metric.add_dimension("service", os.environ.get("POWERTOOLS_SERVICE_NAME", "none"))
