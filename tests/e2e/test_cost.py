"""Orders use as much as docs/cost.json says, counted call by call: more than 5 % above it is a change to decide on."""

import json
from pathlib import Path

from deployed.meter.growth import grown
from tests.support.desk import Desk

RECORDED = json.loads((Path(__file__).resolve().parents[2] / "docs" / "cost.json").read_text())
ORDERS = "15"


def test_orders_use_no_more_units_than_recorded(desk: Desk) -> None:
    found = desk.types("cost", "--orders", ORDERS)
    assert list(grown(RECORDED, found)) == []
    assert {line["service"] for line in found["per_million"]["STANDARD"]["lines"]} >= {
        *("API Gateway", "Lambda", "Step Functions", "EventBridge", "SQS", "SNS", "DynamoDB", "Kinesis", "Logs"),
    }
