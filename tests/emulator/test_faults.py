"""A plan in the server's folder makes the calls of functions fail as it says, and nobody else's."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployed import calls
from deployed.faults import FILE, Kind, Plan, Spell
from emulator import private
from tests.emulator.account import Account

WRITES = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
# Answers with what its one write ended in; `tries` is how often the SDK may send it.
WRITER = """
    import os, boto3
    from botocore.config import Config

    def handler(event, context):
        retries = {"mode": "standard", "total_max_attempts": event["tries"]}
        table = boto3.client("dynamodb", config=Config(retries=retries))
        try:
            table.put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": event["pk"]}})
        except Exception as error:
            return error.response["Error"]["Code"]
        return "written"
    """

type Impose = Callable[..., None]


@pytest.fixture
def impose(folder: Path) -> Iterator[Impose]:
    file = folder / FILE

    def imposed(*kinds: Kind, seconds: float = 60, **fits: str) -> None:
        now = time.time()
        spell = Spell(1.0, now + seconds, kinds, **fits)  # type: ignore[arg-type]
        private.write(file, Plan(1, now, (spell,), hurry=now + seconds).text())

    yield imposed
    file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def table(account: Account) -> str:
    name = account.name("table")
    account.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(scope="module")
def writer(account: Account, table: str) -> Callable[..., tuple[str | None, object]]:
    function = account.function(WRITER, WRITES, TABLE=table)
    return lambda pk, tries=1: account.invoke(function, {"pk": pk, "tries": tries})


def written(account: Account, table: str, pk: str) -> bool:
    return "Item" in account.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": pk}})


@pytest.mark.parametrize(
    ("kind", "answer", "takes_effect"),
    [
        (Kind.ERROR, "InternalServerError", False),
        (Kind.THROTTLE, "ProvisionedThroughputExceededException", False),
        (Kind.LOST, "InternalServerError", True),
        (Kind.DELAY, "written", True),
    ],
)
def test_a_functions_call_fails_as_planned(  # noqa: PLR0917
    account: Account,
    table: str,
    writer: Callable[..., object],
    impose: Impose,
    kind: Kind,
    answer: str,
    takes_effect: bool,
) -> None:
    impose(kind, place=table)
    assert writer(kind) == (None, answer)
    assert written(account, table, kind) is takes_effect


def test_a_killed_function_ends_as_its_process_does(
    writer: Callable[..., tuple[str, dict[str, str]]], impose: Impose
) -> None:
    assert writer("warm") == (None, "written")  # type: ignore[comparison-overlap]
    impose(Kind.KILL)
    kind, error = writer("killed")
    assert (kind, error["errorType"]) == ("Unhandled", "Runtime.ExitError")


def test_without_a_plan_and_after_its_time_nothing_fails(
    writer: Callable[..., object], impose: Impose, folder: Path
) -> None:
    impose(Kind.ERROR, seconds=-1)
    assert writer("late") == (None, "written")
    (folder / FILE).unlink()
    assert writer("free") == (None, "written")


def test_root_is_spared(account: Account, table: str, impose: Impose) -> None:
    impose(Kind.ERROR, Kind.THROTTLE, Kind.LOST)
    for number in range(5):
        account.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": f"root-{number}"}})


def test_each_fault_is_recorded(folder: Path, table: str, writer: Callable[..., object], impose: Impose) -> None:
    since = time.time()
    impose(Kind.ERROR, place=table)
    writer("recorded")
    (fault,) = [call for call in calls.read(folder, since) if call.kind == "fault"]
    assert (fault.service, fault.operation, fault.error) == ("dynamodb", "PutItem", "error")


def test_a_message_is_delivered_twice_and_comes_back_soon_after_a_failure(account: Account, impose: Impose) -> None:
    impose(Kind.DUPLICATE)
    heard = account.queue()
    source = account.queue(VisibilityTimeout="300")
    code = """
        import json, os, boto3
        def handler(event, context):
            for record in event["Records"]:
                boto3.client("sqs").send_message(QueueUrl=os.environ["HEARD"], MessageBody=record["body"])
                first = record["attributes"]["ApproximateReceiveCount"] == "1"
                if record["body"] == "fails first" and first:
                    raise ValueError
        """
    function = account.function(code, {"Action": ["sqs:*"], "Resource": "*"}, HEARD=heard)
    arn = account.client("sqs").get_queue_attributes(QueueUrl=source, AttributeNames=["QueueArn"])["Attributes"]
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=arn["QueueArn"], FunctionName=function, BatchSize=1
    )
    account.client("sqs").send_message(QueueUrl=source, MessageBody="fails first")
    told: list[str] = []

    def four_times() -> bool:
        got = account.client("sqs").receive_message(QueueUrl=heard, MaxNumberOfMessages=10).get("Messages", [])
        told.extend(message["Body"] for message in got)
        return len(told) == 4

    account.eventually(four_times, within=20)
    assert json.dumps(told) == json.dumps(["fails first"] * 4)
