"""Alarms for tests to watch."""

from typing import Any

from tests.emulator.account import Account


def alarm(account: Account, *actions: str, **changed: Any) -> str:
    """An alarm on more than one `Spoiled` of milk in a minute, unless something is changed."""
    name = account.name("alarm")
    account.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "AlarmActions": list(actions),
            "Namespace": "Shop",
            "MetricName": "Spoiled",
            "Dimensions": [{"Name": "goods", "Value": name}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1,
            "TreatMissingData": "notBreaching",
        }
        | changed
    )
    return name


def state(account: Account, name: str) -> str:
    found = account.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return str(found["StateValue"])
