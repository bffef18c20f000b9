"""What the reader of the topic counted, as a person sees it. The view itself is the kafka service's."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from cli import session
from contracts.types import rfc3339
from shopkit.dynamodb import to_item
from tests.support.aws_stack import AwsStack
from tests.support.front_door import Result
from tests.support.tables import create_tables

type Run = Callable[..., Result]


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with mock_aws():
        made = AwsStack(tmp_path)
        monkeypatch.setattr(session.Session, "stack", made.stack)
        yield made


def counted(aws: AwsStack, sku: str, units: int, revenue: int, currency: str = "USD") -> None:
    aws.add("KafkaService/Sales", "AWS::DynamoDB::Table", create_tables("kafka")["Sales"])
    hour = datetime(2026, 3, 1, 12, tzinfo=UTC)
    keys = {"pk": "day#2026-03-01", "sk": f"12#{sku}#{currency}"}
    row = keys | {"sku": sku, "hour": rfc3339(hour), "currency": currency, "units": units, "revenue": revenue}
    boto3.client("dynamodb").put_item(TableName=aws.stack.resources["KafkaService/Sales"], Item=to_item(row))


def test_a_day_is_shown_by_hour_and_sku(run: Run, aws: AwsStack) -> None:
    counted(aws, "MUG", 1200, 123_450)
    out = run("sales", "--day", "2026-03-01").out
    assert [cell for cell in (word.strip() for word in out.splitlines()[-2].split("  ")) if cell] == [
        "2026-03-01 12:00",
        "MUG",
        "1,200",
        "$1,234.50",
    ]
    (told,) = json.loads(run("--json", "sales", "--day", "2026-03-01").out)
    assert (told["sku"], told["units"], told["revenue"]) == ("MUG", 1200, 123_450)


def test_what_was_cancelled_altogether_was_not_sold(run: Run, aws: AwsStack) -> None:
    counted(aws, "MUG", 0, 0)
    assert "Nothing was sold on 2026-03-01" in run("sales", "--day", "2026-03-01").out
    assert "Nothing was sold on" in run("sales").out


def test_without_kafka_nobody_counts(run: Run, aws: AwsStack) -> None:
    said = run("sales")
    assert said.code == 1
    assert "make run KAFKA=1" in said.err


@pytest.mark.parametrize("day", ["", "today", "2026-13-01"])
def test_what_is_no_day_is_said_so(run: Run, aws: AwsStack, day: str) -> None:
    said = run("sales", "--day", day)
    assert said.code == 2
    assert "is not a day" in said.err
