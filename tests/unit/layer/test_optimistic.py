"""A row that many change: each change is applied to what the others left, and whoever never gets a turn is told so."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws
from pydantic import BaseModel

from shopkit.aws import client
from shopkit.dynamodb import from_item, to_item
from shopkit.optimistic import Contended, Row, change_row
from shopkit.rows import Unreadable


class Count(BaseModel):
    n: int


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("shopkit.backoff.time.sleep", lambda _seconds: None)
    with mock_aws():
        client("dynamodb").create_table(
            TableName="counts",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def change(rule: Callable[[Count | None], Count], seen: Row | None = None) -> Count:
    return change_row("counts", {"pk": "a"}, rule, load=Count.model_validate, dump=Count.model_dump, seen=seen)


def plus_one(before: Count | None) -> Count:
    return Count(n=(before.n if before else 0) + 1)


def row() -> dict[str, Any]:
    return from_item(client("dynamodb").get_item(TableName="counts", Key={"pk": {"S": "a"}})["Item"])


def test_a_row_is_made_and_changed_and_every_write_is_counted() -> None:
    assert [change(plus_one).n for _ in range(3)] == [1, 2, 3]
    assert row() == {"pk": "a", "n": 3, "revision": 3}
    assert change(lambda before: before or Count(n=0)).n == 3
    assert row()["revision"] == 3, "what changes nothing writes nothing"


def test_of_two_that_make_the_row_one_finds_the_other_s() -> None:
    met: list[Count | None] = []

    def raced(before: Count | None) -> Count:
        met.append(before)
        if len(met) == 1:
            change(plus_one)
        return Count(n=(before.n if before else 0) + 10)

    assert change(raced).n == 11
    assert met == [None, Count(n=1)]


def test_a_row_that_was_seen_is_not_read_again_unless_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    change(plus_one)
    seen, dynamodb = row(), client("dynamodb")
    reads: list[Any] = []
    read = dynamodb.get_item

    def counted(**key: Any) -> Any:
        reads.append(key)
        return read(**key)

    monkeypatch.setattr(dynamodb, "get_item", counted)
    assert change(plus_one, seen).n == 2
    assert reads == []
    assert change(lambda before: Count(n=10 * before.n if before else 0), seen).n == 20
    assert len(reads) == 1


def test_whoever_never_gets_a_turn_is_told_so() -> None:
    def always_raced(before: Count | None) -> Count:
        change(plus_one)
        return Count(n=-1)

    with pytest.raises(Contended):
        change(always_raced)
    assert row()["n"] == 5


@pytest.mark.parametrize("wrong", [{"n": "five"}, {}, {"n": 1, "revision": "x"}, {"n": 1}], ids=str)
def test_a_row_that_is_not_of_its_form_is_named_and_left_as_it_is(wrong: dict[str, Any]) -> None:
    spoilt = {"pk": "a", "revision": 1, **wrong}
    if wrong == {"n": 1}:
        del spoilt["revision"]
    client("dynamodb").put_item(TableName="counts", Item=to_item(spoilt))
    with pytest.raises(Unreadable, match=r"^a$") as unreadable:
        change(plus_one)
    assert unreadable.value.__cause__ is None, "the cause quotes the row"
    assert row() == spoilt
