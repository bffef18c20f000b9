"""The double of DynamoDB answers as moto does, whatever is asked of it in whatever order.

Where it and moto are both simpler than AWS (conflicts, throttling, tokens), the simulation plants those faults.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.simulation.expressions import NotModelled, holds, updated
from tests.simulation.small_aws import SmallAWS, installed, new_client
from tests.simulation.small_dynamodb import Index, SmallDynamoDB, Table

type Operation = tuple[str, dict[str, Any]]

KEYS = st.sampled_from(["a", "b", "c"])
NUMBERS = st.integers(-2, 3).map(lambda number: {"N": str(number)})
TEXTS = st.sampled_from(["", "x", "y", "é"]).map(lambda text: {"S": text})
ROWS = st.fixed_dictionaries(
    {"pk": KEYS.map(lambda key: {"S": key}), "kind": st.just({"S": "row"})},
    optional={"n": NUMBERS, "m": TEXTS, "owner": TEXTS.filter(lambda text: text["S"] != ""), "at": NUMBERS},
)
CONDITIONS = st.sampled_from(
    [
        None,
        "attribute_not_exists(pk)",
        "attribute_exists(pk)",
        "n = :n",
        "#n < :n",
        "m >= :m",
        "attribute_not_exists(pk) OR n = :n",
        "attribute_exists(pk) AND n >= :n AND m = :m",
        "attribute_not_exists(#n) OR n > :n AND m <= :m",
        "NOT n = :n",
        "n BETWEEN :n AND :n OR m BETWEEN :m AND :m",
        "(attribute_exists(m) OR n = :n) AND NOT (m = :m)",
    ]
)
UPDATES = st.sampled_from(
    ["SET n = :n", "SET m = :m ADD n :d", "ADD n :d, stock :d", "SET #n = :n, m = :m ADD stock :d"]
)


@st.composite
def writes(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """A Put or Update, with just the placeholders that it uses: others are errors."""
    condition = draw(CONDITIONS)
    values = {":n": draw(NUMBERS), ":m": draw(TEXTS), ":d": draw(NUMBERS)}
    write: dict[str, Any] = {"TableName": "table"}
    if kind == "Put":
        write["Item"] = draw(ROWS)
    else:
        write |= {"Key": {"pk": {"S": draw(KEYS)}}, "UpdateExpression": draw(UPDATES)}
    if condition:
        write["ConditionExpression"] = condition
    said = f"{condition} {write.get('UpdateExpression')}"
    if used := {name: value for name, value in values.items() if name in said}:
        write["ExpressionAttributeValues"] = used
    if "#n" in said:
        write["ExpressionAttributeNames"] = {"#n": "n"}
    return write


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    match draw(st.sampled_from(["put", "put", "update", "update", "transact", "transact", "get", "batch", "query"])):
        case "put":
            wanted = draw(st.sampled_from([{}, {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}]))
            return "put_item", {**draw(writes("Put")), **wanted}
        case "update":
            return "update_item", draw(writes("Update"))
        case "transact":
            kinds = draw(st.lists(st.sampled_from(["Put", "Update"]), min_size=1, max_size=3))
            return "transact_write_items", {"TransactItems": [{kind: draw(writes(kind))} for kind in kinds]}
        case "get":
            return "get_item", {"TableName": "table", "Key": {"pk": {"S": draw(KEYS)}}, "ConsistentRead": True}
        case "batch":
            keys = draw(st.lists(KEYS, min_size=1, unique=True))
            return "batch_get_item", {"RequestItems": {"table": {"Keys": [{"pk": {"S": key}} for key in keys]}}}
    return "query", {
        "TableName": "table",
        "IndexName": "by_owner",
        "KeyConditionExpression": draw(st.sampled_from(["owner = :owner", "#o = :owner AND #at < :at"])),
        "ExpressionAttributeValues": {":owner": {"S": draw(st.sampled_from(["x", "y"]))}, ":at": draw(NUMBERS)},
        "ExpressionAttributeNames": {"#o": "owner", "#at": "at"},
        "ScanIndexForward": draw(st.booleans()),
    }


def only_used(operation: Operation) -> Operation:
    """A query without the placeholders that its condition leaves out."""
    name, parameters = operation
    if name == "query" and "#at" not in parameters["KeyConditionExpression"]:
        values = {":owner": parameters["ExpressionAttributeValues"][":owner"]}
        rest = {key: value for key, value in parameters.items() if not key.startswith("ExpressionAttribute")}
        return name, {**rest, "ExpressionAttributeValues": values}
    return operation


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb")


@given(asked=st.lists(operations().map(only_used), min_size=5, max_size=15))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_answers_as_moto_does(moto: Any, asked: list[Operation]) -> None:
    create(moto)
    table = Table(Index("pk", None), {"by_owner": Index("owner", "at")}, streamed=True)
    try:
        with installed(SmallAWS({"dynamodb": SmallDynamoDB({"table": table}).answer})):
            small = new_client("dynamodb")
            for operation in asked:
                theirs, ours = answer(moto, *operation), answer(small, *operation)
                event(f"{operation[0]}: {theirs[0]}")
                assert ours == theirs, operation
        assert sorted(table.items.values(), key=repr) == sorted(moto.scan(TableName="table")["Items"], key=repr)
        assert [images(record) for record in table.stream] == list(streamed(moto))
    finally:
        moto.delete_table(TableName="table")


def test_pages_of_a_query_follow_each_other_as_in_moto(moto: Any) -> None:
    create(moto)
    table = Table(Index("pk", None), {"by_owner": Index("owner", "at")}, streamed=True)
    with installed(SmallAWS({"dynamodb": SmallDynamoDB({"table": table}).answer})):
        small = new_client("dynamodb")
        for number in range(7):
            row = {"pk": {"S": f"row{number}"}, "owner": {"S": "x"}, "at": {"N": str(number)}, "n": {"N": "1"}}
            for each in (moto, small):
                each.put_item(TableName="table", Item=row)
        for forward in (True, False):
            pages = [list(paged(each, forward)) for each in (moto, small)]
            assert pages[0] == pages[1]
            assert len(pages[0]) == 3
    moto.delete_table(TableName="table")


def test_a_repeated_key_is_refused_as_in_aws(moto: Any) -> None:
    """Within one transaction and within one batch."""
    create(moto)
    twice = [{"Put": {"TableName": "table", "Item": {"pk": {"S": "a"}}}}] * 2
    table = Table(Index("pk", None), {}, streamed=False)
    with installed(SmallAWS({"dynamodb": SmallDynamoDB({"table": table}).answer})):
        for each in (moto, new_client("dynamodb")):
            for name, parameters in (
                ("transact_write_items", {"TransactItems": twice}),
                ("batch_get_item", {"RequestItems": {"table": {"Keys": [{"pk": {"S": "a"}}] * 2}}}),
            ):
                assert answer(each, name, parameters)[0] == "ValidationException"
    moto.delete_table(TableName="table")


@pytest.mark.parametrize(
    "condition",
    ["size(pk) > :n", "contains(pk, :n)", "n BETWEEN 1 AND 2", "a.b = :n", "n = m", "n", "n = :n)", "n IN (:n)"],
)
def test_a_condition_that_it_was_not_taught_is_no_condition_that_holds(condition: str) -> None:
    with pytest.raises(NotModelled):
        holds(condition, {"n": {"N": "1"}}, {}, {":n": {"N": "1"}, ":m": {"N": "2"}})


@pytest.mark.parametrize(
    "update", ["REMOVE n", "SET n = n + :n", "SET n = if_not_exists(n, :n)", "DELETE n :n", "n = :n"]
)
def test_an_update_that_it_was_not_taught_changes_nothing(update: str) -> None:
    with pytest.raises(NotModelled):
        updated(update, {"n": {"N": "1"}}, {}, {":n": {"N": "1"}})


def create(moto: Any) -> None:
    def keys(*names: str) -> list[dict[str, str]]:
        return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]

    moto.create_table(
        TableName="table",
        KeySchema=keys("pk"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in (("pk", "S"), ("owner", "S"), ("at", "N"))
        ],
        GlobalSecondaryIndexes=[
            {"IndexName": "by_owner", "KeySchema": keys("owner", "at"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def answer(dynamodb: Any, name: str, parameters: dict[str, Any]) -> tuple[str, Any]:
    """How it went, and what came back, without what carries no meaning."""
    try:
        got = getattr(dynamodb, name)(**parameters)
    except ClientError as error:
        response: Any = error.response
        reasons = [reason["Code"] for reason in response.get("CancellationReasons", [])]
        return response["Error"]["Code"], (reasons, response.get("Item"))
    if name == "batch_get_item":
        return "answered", sorted(got["Responses"]["table"], key=repr)
    return "answered", {key: got[key] for key in ("Item", "Items", "LastEvaluatedKey") if key in got}


def paged(dynamodb: Any, forward: bool) -> Iterator[Any]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName="table",
        IndexName="by_owner",
        KeyConditionExpression="owner = :owner",
        ExpressionAttributeValues={":owner": {"S": "x"}},
        ScanIndexForward=forward,
        PaginationConfig={"PageSize": 3},
    )
    for page in pages:
        yield page["Items"], page.get("LastEvaluatedKey")


def images(record: Any) -> tuple[str, Any, Any]:
    return record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")


def streamed(moto: Any) -> Iterator[tuple[str, Any, Any]]:
    """What moto's stream says. Unlike DynamoDB's it also tells of writes that changed nothing, and of an update that
    made an item it tells twice: of an item that is only its key, and of the item."""
    streams = boto3.client("dynamodbstreams")
    arn = moto.describe_table(TableName="table")["Table"]["LatestStreamArn"]
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        for record in streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]:
            name, old, new = images(record)
            if old and old.keys() == {"pk"}:
                yield "INSERT", None, new
            elif new.keys() != {"pk"} and old != new:
                yield name, old, new
