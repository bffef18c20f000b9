"""What a function logs in the embedded metric format is a metric."""

from datetime import UTC, datetime, timedelta

from emulator.fixes.embedded_metrics import metrics
from tests.emulator.account import Account

EMITS = """
    import json
    def handler(event, context):
        orders = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": [{"Name": "Orders", "Unit": "Count"}]}
        print(json.dumps({"_aws": {"CloudWatchMetrics": [orders]}, "service": "order", "Orders": [1, 2]}))
"""


def test_a_logged_metric_reaches_cloudwatch(account: Account) -> None:
    account.invoke(account.function(EMITS))
    now = datetime.now(UTC)

    def total() -> float:
        points = account.client("cloudwatch").get_metric_statistics(
            Namespace="Shop",
            MetricName="Orders",
            Dimensions=[{"Name": "service", "Value": "order"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points)

    account.eventually(lambda: total() == 3)


def test_other_lines_publish_nothing() -> None:
    for line in (
        "",
        "text with _aws",
        '{"_aws": {}}',
        '{"_aws": {"CloudWatchMetrics": [{"Namespace": "N"}]}}',
        '"_aws"',
    ):
        assert list(metrics(line)) == []
