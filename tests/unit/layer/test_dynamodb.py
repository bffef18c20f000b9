"""Rows survive DynamoDB as they are, except that what is None is not there."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from shopkit.dynamodb import cancellation_codes, from_item, item_in, query, to_item, to_value

NAMES = st.text(min_size=1, max_size=10)
# Whole numbers of DynamoDB: 38 digits.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**37), 10**37) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, VALUES))
def test_a_row_survives_the_round_trip(row: dict[str, Any]) -> None:
    assert from_item(to_item(row)) == {name: value for name, value in row.items() if value is not None}


@given(st.integers(-(10**37), 10**37))
def test_a_whole_number_comes_back_as_one(number: int) -> None:
    back = from_item({"n": to_value(number)})["n"]
    assert (back, type(back)) == (number, int)


def test_none_inside_a_value_is_kept() -> None:
    row = {"address": {"line1": "1 Example Street", "line2": None}, "tags": [None]}
    assert from_item(to_item(row)) == row


def test_what_is_none_is_not_stored_so_that_indexes_stay_sparse() -> None:
    assert to_item({"open": None, "pk": "a"}) == {"pk": {"S": "a"}}


def test_false_zero_and_empty_are_something() -> None:
    assert from_item(to_item({"a": False, "b": 0, "c": "", "d": [], "e": {}})) == {
        "a": False,
        "b": 0,
        "c": "",
        "d": [],
        "e": {},
    }


def test_a_failed_condition_shows_the_item_that_it_met() -> None:
    failed = ClientError({"Error": {"Code": "x"}, "Item": {"pk": {"S": "a"}}}, "PutItem")  # type: ignore[typeddict-unknown-key]
    assert item_in(failed) == {"pk": {"S": "a"}}


def test_a_cancelled_transaction_says_why_action_by_action() -> None:
    reasons = {"CancellationReasons": [{"Code": "None"}, {}, {"Code": "ConditionalCheckFailed"}]}
    cancelled = ClientError({"Error": {"Code": "x"}, **reasons}, "TransactWriteItems")  # type: ignore[typeddict-item]
    assert cancellation_codes(cancelled) == ["None", "None", "ConditionalCheckFailed"]
    assert cancellation_codes(ClientError({"Error": {"Code": "x"}}, "TransactWriteItems")) == []


class Paged:
    """A client whose table has two pages; it counts the pages that were read."""

    def __init__(self) -> None:
        self.read = 0
        self.asked: dict[str, Any] = {}

    def get_paginator(self, operation: str) -> "Paged":
        assert operation == "query"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        self.asked = arguments
        for page in ([1, 2], [3]):
            self.read += 1
            yield {"Items": [to_item({"n": n}) for n in page]}


def test_a_query_reads_every_page_but_none_before_its_turn() -> None:
    client: Any = Paged()
    rows = query(client, "table", "pk = :pk", {":pk": "a"}, ScanIndexForward=False)
    assert client.read == 0
    assert next(rows) == {"n": 1}
    assert client.read == 1
    assert [row["n"] for row in rows] == [2, 3]
    assert client.asked == {
        "TableName": "table",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
        "ScanIndexForward": False,
    }
