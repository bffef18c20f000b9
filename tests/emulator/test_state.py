"""What the account has accepted outlives the server's process, however that ends."""

import json
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator import lifecycle, process, state
from emulator.lifecycle import EmulatorError
from tests.emulator.account import Account

COPIES = """
import os, boto3
def handler(event, context):
    for record in event["Records"]:
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=record["dynamodb"]["NewImage"])
"""
SENDS = """
import os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="from the function")
"""
TABLES = [{"Action": ["dynamodb:*"], "Resource": "*"}]
IMPATIENT = Config(retries={"total_max_attempts": 1}, read_timeout=10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    lifecycle.stop(tmp_path / "home")


def started(home: Path, port: int = 0) -> Account:
    return Account(lifecycle.start(home, port), home)


def killed(account: Account) -> None:
    os.killpg(account.running.pid, signal.SIGKILL)
    process.until(lambda: not process.alive(account.running), 10)


def saved_with(account: Account, service: str, store: str, name: str, **wanted: str) -> None:
    """Wait until the last save has the table or stream, as a save has a few seconds after it was made."""

    def found() -> bool:
        _header, stores = pickle.loads((account.folder / "state" / state.SNAPSHOT).read_bytes())
        kept = stores[service, store].get(("000000000000", lifecycle.REGION, name), {})
        return bool(kept) and all(kept.get(key) == value for key, value in wanted.items())

    account.eventually(found, within=30)


def saved_table(account: Account) -> str:
    name, _ = account.table()
    saved_with(account, "dynamodb", "_tables", name)
    return name


def ids(account: Account, table: str) -> set[str]:
    pages = account.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {item["id"]["S"] for page in pages for item in page["Items"]}


def test_what_was_accepted_amid_traffic_outlives_a_kill_and_goes_on_its_way(home: Path) -> None:
    account = started(home)
    source, stream = account.table()
    copies, _ = account.table(stream=False)
    function = account.function(COPIES, *TABLES, TABLE=copies)
    account.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", BatchSize=10
    )
    saved_table(account)  # made last: a save that has it has all of these
    accepted: list[str] = []

    def buy(buyer: int) -> None:
        dynamodb = lifecycle.client(account.running, "dynamodb", config=IMPATIENT)
        for number in range(100_000):
            name = f"{buyer}-{number}"
            try:
                dynamodb.put_item(TableName=source, Item={"id": {"S": name}})
            except (BotoCoreError, ClientError):
                return
            accepted.append(name)

    buyers = [threading.Thread(target=buy, args=(buyer,)) for buyer in range(4)]
    for buyer in buyers:
        buyer.start()
    account.eventually(lambda: len(accepted) > 300 and ids(account, copies), within=60)
    killed(account)
    for buyer in buyers:
        buyer.join()

    account = started(home)
    assert set(accepted) <= ids(account, source)
    account.eventually(lambda: set(accepted) <= ids(account, copies), within=60)


def test_a_transaction_is_kept_whole_or_not_at_all(home: Path) -> None:
    account = started(home)
    table = saved_table(account)
    writes = [{"Put": {"TableName": table, "Item": {"id": {"S": each}}}} for each in ("stock", "reservation")]
    account.client("dynamodb").transact_write_items(TransactItems=writes)
    killed(account)
    journal = max((home / "state").glob("writes-*.jsonl"), key=lambda path: path.stat().st_mtime)
    entries = journal.read_bytes().splitlines(keepends=True)
    assert len([entry for entry in entries if b"reservation" in entry and b"stock" in entry]) <= 1
    journal.write_bytes(b"".join(entries) + b'{"writes": [{"table": ["000000000000", "us-east-1", "torn')

    assert ids(started(home), table) == {"stock", "reservation"}


def test_changes_and_deletions_come_back_in_their_order(home: Path) -> None:
    account = started(home)
    table = saved_table(account)
    dynamodb = account.client("dynamodb")
    for price in ("1", "2", "3"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": "mug"}, "price": {"N": price}})
    dynamodb.put_item(TableName=table, Item={"id": {"S": "cup"}})
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "cup"}})
    killed(account)

    found = started(home).client("dynamodb").scan(TableName=table)["Items"]
    assert found == [{"id": {"S": "mug"}, "price": {"N": "3"}}]


def test_clicks_outlive_a_kill_once_each(home: Path) -> None:
    account = started(home)
    kinesis, name = account.client("kinesis"), account.name("stream")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    account.eventually(
        lambda: kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"] == "ACTIVE"
    )
    saved_with(account, "kinesis", "_streams", name, StreamStatus="ACTIVE")
    for number in range(20):
        kinesis.put_record(StreamName=name, Data=b"\xff%d" % number, PartitionKey=str(number))
    more = [{"Data": b"more %d" % number, "PartitionKey": str(number)} for number in range(20)]
    kinesis.put_records(StreamName=name, Records=more)

    def clicks(account: Account) -> list[Any]:
        kinesis = account.client("kinesis")
        found = []
        for shard in kinesis.list_shards(StreamName=name)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records = kinesis.get_records(ShardIterator=iterator)["Records"]
            found += [(each["Data"], each["SequenceNumber"]) for each in records]
        return sorted(found)

    before = clicks(account)
    assert len(before) == 40
    killed(account)
    assert clicks(started(home)) == before


def test_a_user_outlives_a_kill(home: Path) -> None:
    account = started(home)
    pool = account.client("cognito-idp").create_user_pool(PoolName="people")["UserPool"]["Id"]
    account.client("cognito-idp").admin_create_user(UserPoolId=pool, Username="a@example.com")
    killed(account)
    users = started(home).client("cognito-idp").list_users(UserPoolId=pool)["Users"]
    assert [user["Username"] for user in users] == ["a@example.com"]


def test_a_stop_keeps_everything_and_another_port_moves_it(home: Path) -> None:
    account = started(home)
    queue = account.queue()
    function = account.function(SENDS, {"Action": "sqs:*", "Resource": "*"}, QUEUE=queue)
    account.client("sqs").send_message(QueueUrl=queue, MessageBody="from before")
    account.client("s3").create_bucket(Bucket="kept")
    account.client("s3").put_object(Bucket="kept", Key="file", Body=b"\x00content")
    where = json.dumps({"cognito": f"{account.endpoint}/"}).encode()
    account.client("s3").put_object(
        Bucket="kept", Key="page", Body=where, ContentType="application/json; charset=utf-8"
    )
    lifecycle.stop(home)

    moved = started(home)
    assert moved.port != account.port
    assert moved.client("s3").get_object(Bucket="kept", Key="file")["Body"].read() == b"\x00content"
    page = moved.client("s3").get_object(Bucket="kept", Key="page")
    assert json.loads(page["Body"].read()) == {"cognito": f"{moved.endpoint}/"}
    assert moved.invoke(function) == (None, None)
    (url,) = moved.client("sqs").list_queues()["QueueUrls"]
    assert url == queue.replace(str(account.port), str(moved.port))
    assert {message["Body"] for message in moved.receive(url)} == {"from before", "from the function"}


def test_a_workflow_that_was_running_runs_on(home: Path) -> None:
    account = started(home)
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3, "End": True}}}
    machines = account.client("stepfunctions")
    machine = machines.create_state_machine(name="waits", definition=json.dumps(definition), roleArn=account.role())
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"order": 1}')
    lifecycle.stop(home)

    account = started(home)

    def found() -> Any:
        return account.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])

    account.eventually(lambda: found()["status"] == "SUCCEEDED", within=30)
    assert found()["input"] == '{"order": 1}'


def test_a_server_that_does_not_answer_is_replaced_and_said_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = started(home)
    table = saved_table(account)
    account.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "order"}})
    os.kill(account.running.pid, signal.SIGSTOP)
    monkeypatch.setattr(lifecycle, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    said: list[str] = []
    healed = Account(lifecycle.start(home, tell=said.append), home)
    assert ids(healed, table) == {"order"}
    assert len(said) == 1
    assert "did not respond" in said[0]


def test_another_port_is_said_so(home: Path) -> None:
    account = started(home)
    table, _ = account.table()
    said: list[str] = []
    moved = Account(lifecycle.start(home, lifecycle._free_port(), tell=said.append), home)
    assert said == [f"The shop moves from port {account.port} to {moved.port}, with all its data"]
    assert table in moved.client("dynamodb").list_tables()["TableNames"]


@pytest.mark.parametrize("content", [b"", b"nothing that was saved"])
def test_a_state_that_cannot_be_read_is_one_sentence_and_stays(home: Path, content: bytes) -> None:
    started(home)
    lifecycle.stop(home)
    saved = home / "state" / state.SNAPSHOT
    saved.write_bytes(content)
    with pytest.raises(EmulatorError, match="remove it to start anew"):
        started(home)
    assert saved.read_bytes() == content
    lifecycle.set_aside(home)
    assert not ids_of_tables(started(home))


def ids_of_tables(account: Account) -> list[str]:
    names: list[str] = account.client("dynamodb").list_tables()["TableNames"]
    return names
