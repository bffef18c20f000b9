"""The tap records what was done, by whom, with which permission, and how much of it: exactly, and nothing else."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployed.calls import Call, Check, read
from tests.emulator.account import Account

ORDER = "ord_" + "0" * 32


@pytest.fixture
def recorded(folder: Path) -> Callable[..., list[Call]]:
    began = time.time()

    def calls(operation: str) -> list[Call]:
        return [call for call in read(folder, began) if call.operation == operation]

    return calls


@pytest.fixture
def table(account: Account) -> str:
    name = f"tapped-{uuid.uuid4().hex[:8]}"
    account.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "of", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_of",
                "KeySchema": [{"AttributeName": "of", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return name


def row(**of: Any) -> dict[str, Any]:
    return {name: {"S": value} for name, value in of.items()}


def test_a_write_is_counted_in_its_table_and_its_index(
    account: Account, table: str, recorded: Callable[..., list[Call]]
) -> None:
    account.client("dynamodb").put_item(TableName=table, Item=row(id="a", of=ORDER, text="x" * 1500))
    (call,) = recorded("PutItem")
    assert call.units == {f"write:{table}": 2.0, f"write:{table}/by_of": 1.0}
    assert call.orders == (ORDER,)
    assert Check("dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}", True) in call.checks


def test_a_transaction_counts_twice(account: Account, table: str, recorded: Callable[..., list[Call]]) -> None:
    puts = [{"Put": {"TableName": table, "Item": row(id=each)}} for each in "ab"]
    account.client("dynamodb").transact_write_items(TransactItems=puts)
    (call,) = recorded("TransactWriteItems")
    assert call.units == {f"write:{table}": 4.0}


def test_a_read_is_counted_by_its_size(account: Account, table: str, recorded: Callable[..., list[Call]]) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.put_item(TableName=table, Item=row(id="a", text="x" * 9000))
    dynamodb.get_item(TableName=table, Key=row(id="a"), ConsistentRead=True)
    (call,) = recorded("GetItem")
    assert call.units == {f"read:{table}": 3.0}


def test_who_did_not_ask_is_not_told(account: Account, table: str) -> None:
    dynamodb = account.client("dynamodb")
    assert "ConsumedCapacity" not in dynamodb.put_item(TableName=table, Item=row(id="a"))
    told = dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": table, "Item": row(id="a")}}], ReturnConsumedCapacity="TOTAL"
    )
    assert told["ConsumedCapacity"][0]["CapacityUnits"] == 2.0


def test_each_entry_of_a_batch_counts(account: Account, recorded: Callable[..., list[Call]]) -> None:
    topic = account.client("sns").create_topic(Name="tapped")["TopicArn"]
    entries = [{"Id": str(number), "Message": "m"} for number in range(3)]
    account.client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    account.client("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": json.dumps({})}] * 4)
    assert [call.units["entries"] for call in recorded("PublishBatch")] == [3]
    assert [call.units["entries"] for call in recorded("PutEvents")] == [4]
