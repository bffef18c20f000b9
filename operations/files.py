"""The generated files: what each application's template nests as `Operations`."""

from itertools import groupby
from pathlib import Path

from operations import dashboard
from operations.alarms import Alarm, alarms

ROOT = Path(__file__).resolve().parent.parent
# Where the state machine is whose duration the dashboard shows.
_DASHBOARD = "workflows"

_HEAD = """\
# Written by `make schemas` from {sources}: change it there.
AWSTemplateFormatVersion: "2010-09-09"
Description: "Cartwheel: alarms {shown}of the application {application}."

Parameters:
  BusName:
    Type: String
"""
_PARAMETER = """\
  {name}:
    Type: String
"""
_ALARM = """
  {alarm.logical_id}:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub ${{BusName}}-{alarm.name}
      AlarmDescription: {alarm.description}
      # The operators' topic has the name of the bus.
      AlarmActions:
        - !Sub arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:${{BusName}}
      Namespace: {metric.namespace}
      MetricName: {metric.name}{dimensions}
      Statistic: {metric.statistic}
      Period: {metric.seconds}
      EvaluationPeriods: {metric.periods}
      ComparisonOperator: GreaterThanThreshold
      Threshold: {metric.limit:g}
      TreatMissingData: notBreaching
"""
_DIMENSION = """
        - Name: {name}
          Value: {value}"""
_DASHBOARD_RESOURCE = """
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: !Ref BusName
      DashboardBody: !Sub |
"""


def generated() -> dict[Path, str]:
    """Each generated file's text, by path."""
    every = alarms()
    by_application = groupby(sorted(every, key=lambda alarm: alarm.application), key=lambda alarm: alarm.application)
    return {
        folder(application) / "operations.yaml": _template(application, list(own), every)
        for application, own in by_application
    }


def folder(application: str) -> Path:
    """Where the application's template is."""
    services = ROOT / "services" / application
    return services if services.exists() else ROOT / application


def parameters(own: list[Alarm]) -> list[str]:
    """The resources whose names the application passes."""
    return list(dict.fromkeys(alarm.resource for alarm in own if alarm.kind.argument))


def _template(application: str, own: list[Alarm], every: list[Alarm]) -> str:
    shows = application == _DASHBOARD
    text = _HEAD.format(
        application=application,
        shown="and dashboard " if shows else "",
        sources="operations/alarms.yaml" + (" and operations/dashboard.yaml" if shows else ""),
    )
    text += "".join(_PARAMETER.format(name=name) for name in parameters(own))
    text += "\nResources:" + "".join(_alarm(alarm) for alarm in own)
    if shows:
        text += _DASHBOARD_RESOURCE + "".join(f"        {line}\n" for line in dashboard.text(every).splitlines())
    return text


def _alarm(alarm: Alarm) -> str:
    values = {name: value.format(alarm.resource) for name, value in alarm.kind.dimensions.items()}
    lines = "".join(_DIMENSION.format(name=name, value=value) for name, value in values.items())
    return _ALARM.format(alarm=alarm, metric=alarm.metric, dimensions=lines and "\n      Dimensions:" + lines)
