"""Transactions of one item that meet are refused, as on AWS, and leave no trace."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from emulator import lifecycle
from tests.emulator.account import Account

ADD_ONE = {"UpdateExpression": "ADD sold :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
AT_ONCE = 8


def at_once(account: Account, write: Callable[[Any, int], object]) -> Counter[str]:
    """How eight writes at once are answered, each by a client of its own."""

    def one(number: int) -> str:
        dynamodb = lifecycle.client(account.running, "dynamodb")
        try:
            write(dynamodb, number)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons")
            return str([reason["Code"] for reason in reasons] if reasons else error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def updates(table: str, *ids: str) -> list[dict[str, Any]]:
    return [{"Update": {"TableName": table, "Key": {"id": {"S": each}}, **ADD_ONE}} for each in ids]


def sold(account: Account, table: str, each: str) -> int:
    return int(account.client("dynamodb").get_item(TableName=table, Key={"id": {"S": each}})["Item"]["sold"]["N"])


def test_transactions_of_one_item_that_meet_are_refused(account: Account) -> None:
    table, _stream = account.table(stream=False)

    answers = at_once(
        account,
        lambda dynamodb, number: dynamodb.transact_write_items(TransactItems=updates(table, f"own-{number}", "mug")),
    )

    assert set(answers) == {"done", "['None', 'TransactionConflict']"}
    assert sold(account, table, "mug") == answers["done"]


def test_transactions_of_different_items_do_not_meet(account: Account) -> None:
    table, _stream = account.table(stream=False)

    answers = at_once(
        account, lambda dynamodb, number: dynamodb.transact_write_items(TransactItems=updates(table, f"own-{number}"))
    )

    assert answers == {"done": AT_ONCE}


def test_a_single_write_that_meets_a_transaction_is_refused(account: Account) -> None:
    table, _stream = account.table(stream=False)

    def write(dynamodb: Any, number: int) -> None:
        for _ in range(5):
            if number % 2:
                dynamodb.update_item(TableName=table, Key={"id": {"S": "mug"}}, **ADD_ONE)
            else:
                dynamodb.transact_write_items(TransactItems=updates(table, "mug"))

    assert "TransactionConflictException" in at_once(account, write)


def test_one_after_the_other_never_meets(account: Account) -> None:
    table, _stream = account.table(stream=False)
    for _ in range(5):
        account.client("dynamodb").transact_write_items(TransactItems=updates(table, "mug"))
        account.client("dynamodb").update_item(TableName=table, Key={"id": {"S": "mug"}}, **ADD_ONE)
    assert sold(account, table, "mug") == 10
