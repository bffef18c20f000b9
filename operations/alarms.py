"""Reads `alarms.yaml`: which metrics of which resources are watched, and above which limits."""

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
    """A metric of AWS and its limit. The alarm goes off when the metric is above `limit` for `periods` consecutive
    periods of `seconds`. `label` distinguishes it in alarm names from other metrics of the same resource."""

    namespace: str
    name: str
    statistic: str
    label: str = ""
    limit: float = 0
    seconds: int = _MINUTE
    periods: int = 1


# A queue's depth, not the number of messages sent: a message moved by a redrive policy does not count as sent.
_LETTERS = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum")
# Milliseconds. A healthy reader is a second behind. A reader gives up after twelve hours.
_BEHIND = Metric("AWS/Lambda", "IteratorAge", "Maximum", limit=300_000)
# Records. Their age is unknown. A healthy reader processes so many within seconds.
_LAG = Metric("AWS/Lambda", "OffsetLag", "Maximum", limit=100, seconds=_FIVE_MINUTES, periods=3)
_ERRORS = Metric("AWS/Lambda", "Errors", "Sum", seconds=_FIVE_MINUTES)
_EVENTS = Metric("AWS/Events", "Invocations", "Sum")
# The average is the share of failed requests (API Gateway Developer Guide, "REST API metrics").
_REQUESTS = Metric("AWS/ApiGateway", "5XXError", "Average", limit=0.01, seconds=_FIVE_MINUTES)
# A short burst of throttled calls is retried. It needs a person only if it continues.
_THROTTLED = Metric("AWS/Lambda", "Throttles", "Sum", seconds=_FIVE_MINUTES, periods=3)
_EXECUTIONS = (
    Metric("AWS/States", "ExecutionsFailed", "Sum", "failed"),
    Metric("AWS/States", "ExecutionsTimedOut", "Sum", "timed-out"),
    # Aborted by a person, or by a deployment that replaces the state machine.
    Metric("AWS/States", "ExecutionsAborted", "Sum", "aborted"),
    Metric("AWS/States", "ExecutionThrottled", "Sum", "throttled", seconds=_FIVE_MINUTES, periods=3),
)


@dataclass(frozen=True)
class Kind:
    """What is watched for one kind of resource. `argument` is the value that a template passes, with its logical id for
    `{}`. `dimensions` are the metric's dimensions, with the parameter for `{}`."""

    metrics: tuple[Metric, ...]
    dimensions: dict[str, str]
    argument: str | None = None


KINDS: dict[str, Kind] = {
    "letters": Kind((_LETTERS,), {"QueueName": "!Ref {}"}, "!GetAtt {}.QueueName"),
    "behind": Kind((_BEHIND,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    "lagging": Kind((_LAG,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    "executions": Kind(_EXECUTIONS, {"StateMachineArn": "!Ref {}"}, "!Ref {}"),
    "errors": Kind((_ERRORS,), {"FunctionName": "!Ref {}"}, "!Ref {}"),
    # The metrics of a REST API use its name, which is the stack's name.
    "requests": Kind((_REQUESTS,), {"ApiName": "!Ref BusName"}),
    # Without a dimension, it covers all functions in the account and region.
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
    """One metric of one resource, with the section of the runbooks that says what to do. The full name is the stack's
    name followed by `name`."""

    name: str
    section: str
    means: str
    application: str
    resource: str
    kind: Kind
    metric: Metric

    @property
    def logical_id(self) -> str:
        """The alarm's logical id. It must differ from the parameters, which are named after resources."""
        return "".join(word.capitalize() for word in self.name.split("-")) + "Alarm"

    @property
    def description(self) -> str:
        return f"{self.means} See {RUNBOOKS}#{self.section}"


def alarms() -> list[Alarm]:
    """Returns every alarm, in the order of alarms.yaml."""
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
