"""Reads `dashboard.yaml` and returns the body of the CloudWatch dashboard. CloudFormation fills in `${…}`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from operations.alarms import Alarm

_DESCRIPTION = Path(__file__).with_name("dashboard.yaml")
_COLUMNS, _HEIGHT = 24, 6
# Applications that a parameter can turn off.
OPTIONAL = {"kafka"}
_MINUTE, _FIVE_MINUTES = 60, 300
# The dimension that names a resource of the stack in each namespace, and what else is known about its metrics.
_NAMES = {"AWS/SQS": "QueueName", "AWS/Lambda": "FunctionName", "AWS/Events": "RuleName"}
_ON_THE_BUS = 'EventBusName="${BusName}"'


class Widget(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    alarms: str = ""
    find: dict[str, str] = {}
    api: dict[str, str] = {}
    checkout: dict[str, str] = {}
    shop: dict[str, str] = {}
    account: dict[str, str] = {}
    show: str = ""
    most: int | None = None


def rows() -> list[list[Widget]]:
    described: list[list[Any]] = yaml.safe_load(_DESCRIPTION.read_text())
    return [[Widget.model_validate(widget) for widget in row] for row in described]


def body(alarms: list[Alarm]) -> dict[str, Any]:
    return {"widgets": list(_widgets(alarms))}


def text(alarms: list[Alarm]) -> str:
    """Returns the body as JSON, one widget per line."""
    widgets = (json.dumps(widget, ensure_ascii=False) for widget in body(alarms)["widgets"])
    return '{"widgets": [\n' + ",\n".join(widgets) + "\n]}\n"


def sought(line: str) -> tuple[str, str, list[str]]:
    """Parses a line of `find`, for example `AWS/SQS Depth of Email Queue OR Letters`. Returns the namespace, the metric
    and the alternative words."""
    metric, _, words = line.partition(" of ")
    namespace, name = metric.split()
    return namespace, name, [each for each in words.split(" OR ") if each]


def _widgets(alarms: list[Alarm]) -> Iterator[dict[str, Any]]:
    for y, row in enumerate(rows()):
        width = _COLUMNS // len(row)
        for x, widget in enumerate(row):
            place = {"x": x * width, "y": y * _HEIGHT, "width": width, "height": _HEIGHT}
            if widget.alarms:
                yield {"type": "alarm", **place, "properties": _states(widget, alarms)}
            else:
                yield {"type": "metric", **place, "properties": _lines(widget)}


def _states(widget: Widget, alarms: list[Alarm]) -> dict[str, Any]:
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${BusName}-"
    # States are shown only for alarms that always exist. Searches show the rest, as far as it exists.
    always = [alarm for alarm in alarms if alarm.application not in OPTIONAL]
    return {"title": widget.alarms, "alarms": [arn + alarm.name for alarm in always]}


def _lines(widget: Widget) -> dict[str, Any]:
    statistics = widget.show.split()
    return {
        "title": widget.title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "period": _period(widget),
        "yAxis": {"left": {"min": 0}},
        "metrics": [
            [*metric, {"stat": statistic, "label": label if len(statistics) == 1 else statistic}]
            for label, metric in _exact(widget)
            for statistic in statistics
        ]
        + [[{"expression": _search(line, widget), "label": label}] for label, line in widget.find.items()],
    }


def _exact(widget: Widget) -> Iterator[tuple[str, list[str]]]:
    """Returns the metrics whose full names are known when the dashboard is generated."""
    for label, name in widget.api.items():
        yield label, ["AWS/ApiGateway", name, "ApiName", "${BusName}"]
    for label, name in widget.checkout.items():
        yield label, ["AWS/States", name, "StateMachineArn", "${Checkout}"]
    for label, line in widget.shop.items():
        service, name = line.split()
        yield label, ["${BusName}", name, "service", service]
    for label, name in widget.account.items():
        yield label, ["AWS/Lambda", name]


def _search(line: str, widget: Widget) -> str:
    namespace, metric, words = sought(line)
    name = _NAMES[namespace]
    bus = namespace == "AWS/Events"
    schema = ",".join([namespace, *(["EventBusName"] if bus else []), name])
    terms = [f'MetricName="{metric}"', _ON_THE_BUS if bus else f"{name}=${{BusName}}"]
    if words:
        terms.append("(" + " OR ".join(" AND ".join(f"{name}={word}" for word in each.split()) for each in words) + ")")
    found = f"SEARCH('{{{schema}}} {' '.join(terms)}', '{widget.show}', {_period(widget)})"
    return f"SORT({found}, SUM, DESC, {widget.most})" if widget.most else found


def _period(widget: Widget) -> int:
    """Returns the period. The title says that a sum covers five minutes."""
    return _FIVE_MINUTES if widget.show == "Sum" else _MINUTE
