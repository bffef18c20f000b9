"""What a function says of itself."""

import json

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from shopkit.telemetry import measure


def test_a_measurement_is_a_line_of_the_log_that_cloudwatch_understands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "my-shop")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "order")
    measure("PlacedToConfirmed", MetricUnit.Milliseconds, 330)
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "my-shop"
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [{"Name": "PlacedToConfirmed", "Unit": "Milliseconds"}]
    assert (line["service"], line["PlacedToConfirmed"]) == ("order", [330])
