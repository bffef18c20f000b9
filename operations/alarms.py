"""`alarms.yaml` read: which metrics of which resources are watched, and from where on they are too much."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

RUNBOOKS = "docs/runbooks.md"
_DESCRIPTION = Path(__file__).with_name("alarms.yaml")
_MINUTE, _FIVE_MINUTES = 60, 300


@dataclass(frozen=True)
class Metric:
    """A metric of AWS's own and the point from which on it calls for a person: so many `periods` of `seconds` in a row
    above `limit`. `label` tells it from the other metrics of its resource in an alarm's name."""

    namespace: str
    name: str
    statistic: str
    label: str = ""
    limit: float = 0
    seconds: int = _MINUTE
    periods: int = 1


# A queue's depth, not what was sent to it: what a redrive policy moves is not counted as sent.
_LETTERS = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum")
# Milliseconds. A reader is a second behind when all is well, and gives up after twelve hours.
_BEHIND = Metric("AWS/Lambda", "IteratorAge", "Maximum", limit=300_000)
# Records. Nobody knows how long ago they were written; a reader that works is through with so many within seconds.
_LAG = Metric("AWS/Lambda", "OffsetLag", "Maximum", limit=100, seconds=_FIVE_MINUTES, periods=3)
_ERRORS = Metric("AWS/Lambda", "Errors", "Sum", seconds=_FIVE_MINUTES)
_EVENTS = Metric("AWS/Events", "Invocations", "Sum")
# The average is the share of failed requests (API Gateway Developer Guide, "REST API metrics").
_REQUESTS = Metric("AWS/ApiGateway", "5XXError", "Average", limit=0.01, seconds=_FIVE_MINUTES)
# A burst may be turned away for a moment, and tries again. It is a matter for people when it goes on.
_THROTTLED = Metric("AWS/Lambda", "Throttles", "Sum", seconds=_FIVE_MINUTES, periods=3)
_EXECUTIONS = (
    Metric("AWS/States", "ExecutionsFailed", "Sum", "failed"),
    Metric("AWS/States", "ExecutionsTimedOut", "Sum", "timed-out"),
    # By a person, or by a deployment that replaces the state machine.
    Metric("AWS/States", "ExecutionsAborted", "Sum", "aborted"),
    Metric("AWS/States", "ExecutionThrottled", "Sum", "throttled", seconds=_FIVE_MINUTES, periods=3),
)


@dataclass(frozen=True)
class Kind:
    """What is watched of one kind of resource. `argument` is what a template passes of it, with its logical id for
    `{}`; `dimensions` are the metric's, with the parameter for `{}`."""

    metrics: tuple[Metric, ...]
    dimensions: dict[str, str]
    argument: str | None = None


KINDS: dict[str, Kind] = {
    "letters": Kind((_LETTERS,), {"QueueName": "!Ref {}"}, "!GetAtt {}.QueueName"),
    "behind": Kind((_BEHIND,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    "lagging": Kind((_LAG,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    "executions": Kind(_EXECUTIONS, {"StateMachineArn": "!Ref {}"}, "!Ref {}"),
    "errors": Kind((_ERRORS,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    # A REST API is known to metrics by its name, which is the stack's.
    "requests": Kind((_REQUESTS,), {"ApiName": "!Ref BusName"}),
    # Without a dimension: of all functions in the account and region.
    "throttled": Kind((_THROTTLED,), {}),
    # A rule's ARN ends with rule/bus/name.
    "events": Kind(
        (_EVENTS,), {"EventBusName": "!Ref BusName", "RuleName": '!Select [2, !Split ["/", !Ref {}]]'}, "!GetAtt {}.Arn"
    ),
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    means: str
    letters: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    lagging: tuple[str, ...] = ()
    executions: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alarm:
    """One metric of one resource, with the section of the runbooks that says what to do. `name` is what follows the
    stack's name in its own."""

    name: str
    section: str
    means: str
    application: str
    resource: str
    kind: Kind
    metric: Metric

    @property
    def logical_id(self) -> str:
        """Not the name of a parameter, which is a resource's."""
        return "".join(word.capitalize() for word in self.name.split("-")) + "Alarm"

    @property
    def description(self) -> str:
        return f"{self.means} See {RUNBOOKS}#{self.section}"


def alarms() -> list[Alarm]:
    """Every alarm, in the order of their description."""
    return list(_alarms(yaml.safe_load(_DESCRIPTION.read_text())))


def _alarms(described: dict[str, Any]) -> Iterator[Alarm]:
    for section, written in described.items():
        watched = _Section.model_validate(written)
        for kind_name, kind in KINDS.items():
            places: tuple[str, ...] = getattr(watched, kind_name)
            for place in places:
                application, _, resource = place.partition("/")
                for metric in kind.metrics:
                    several = len(places) > 1
                    name = "-".join(filter(None, [application if several else "", section, metric.label]))
                    yield Alarm(name, section, watched.means, application, resource, kind, metric)
