"""Counts are exact by event id, whatever is repeated, and nothing holds up the stream."""

import json
import random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from clickstream import domain, store
from shopkit.optimistic import Contended, put_row
from tests.integration.clickstream.conftest import NOW, Clickstream, click, record


def test_each_kind_of_click_is_counted_per_sku(clickstream: Clickstream) -> None:
    clickstream.post(
        click(1),
        click(2),
        click(3, type="add_to_cart"),
        click(4, type="checkout"),
        click(5, sku="cup"),
    )
    assert clickstream.aggregate(clickstream.records()) == []
    tea = clickstream.trend("tea")
    assert (tea["views"], tea["carts"], tea["checkouts"]) == (2, 1, 1)
    assert clickstream.trend("cup")["views"] == 1


def test_the_producers_repetitions_and_the_consumers_count_once(clickstream: Clickstream) -> None:
    """Scenario 15: within a request, within a batch, across batches, and a whole batch again."""
    clicks = [click(i, sku=random.Random(i).choice(["tea", "cup", "pot"]), session_id=f"s{i % 60}") for i in range(100)]
    clickstream.post(*clicks[:50], *clicks[:50])
    clickstream.post(*clicks)
    records = clickstream.records()
    assert len(records) == 110
    assert clickstream.aggregate(records[:70]) == []
    assert clickstream.aggregate(records) == []
    assert clickstream.aggregate(list(reversed(records))) == []
    views = {product["sku"]: product["views"] for product in clickstream.trending()[1]["products"]}
    assert views == {sku: sum(c["sku"] == sku for c in clicks) for sku in ("tea", "cup", "pot")}


def test_resharding_loses_no_click_and_counts_none_twice(clickstream: Clickstream) -> None:
    """Scenario 15: clicks before a split and a merge, and those between, also when shards are read again from their
    beginnings and their records have other sequence numbers, as here after a split."""
    kinesis = boto3.client("kinesis")

    def open_shards() -> list[Any]:
        shards = kinesis.list_shards(StreamName="clicks")["Shards"]
        return [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]

    def sessions(first: int, last: int) -> list[dict[str, Any]]:
        return [click(i, session_id=f"s{i}") for i in range(first, last)]

    clickstream.post(*sessions(0, 40))
    assert clickstream.aggregate(clickstream.records()[:20]) == []
    split = open_shards()[0]
    low, high = (int(split["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    kinesis.split_shard(StreamName="clicks", ShardToSplit=split["ShardId"], NewStartingHashKey=str((low + high) // 2))
    clickstream.post(*sessions(20, 60))
    assert len(open_shards()) == 3
    assert clickstream.aggregate(clickstream.records()) == []
    first, second, *_ = sorted(open_shards(), key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    kinesis.merge_shards(StreamName="clicks", ShardToMerge=first["ShardId"], AdjacentShardToMerge=second["ShardId"])
    clickstream.post(*sessions(50, 70))
    assert clickstream.aggregate(clickstream.records()) == []
    assert clickstream.trend("tea")["views"] == 70


def test_poison_goes_whole_to_the_failure_queue_and_the_rest_is_counted(clickstream: Clickstream) -> None:
    clickstream.post(click(1), click(2, session_id="s2"))
    first, second = clickstream.records()
    poison = [
        record(b"\xff\xfe", "7"),
        record(b"[" * 100_000, "8"),
        record(b'{"event_id": "e9", "type": "stare"}', "9"),
        record(b"null", "10"),
    ]
    assert clickstream.aggregate([first, *poison, second]) == []
    assert clickstream.trend("tea")["views"] == 2
    kept = clickstream.set_aside()
    assert [message["record"] for message in kept] == poison
    assert all(message["error"] for message in kept)


def test_a_failure_is_retried_from_where_it_struck(clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch) -> None:
    clickstream.post(*(click(i, session_id=f"s{i}") for i in range(50)))
    records = clickstream.records()
    numbers = [entry["kinesis"]["sequenceNumber"] for entry in records]
    really_count, calls = store.count, iter(range(10))

    def fail_the_second_time(*what: Any) -> None:
        if next(calls) == 1:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "PutItem")
        really_count(*what)

    monkeypatch.setattr(store, "MAX_RECORDS_AT_ONCE", 10)
    monkeypatch.setattr(store, "count", fail_the_second_time)
    (retry_from,) = clickstream.aggregate(records)
    assert clickstream.trend("tea")["views"] == numbers.index(retry_from) == 10
    assert clickstream.aggregate(records[numbers.index(retry_from) :]) == []
    assert clickstream.trend("tea")["views"] == 50


def test_poison_beside_a_failure_is_not_set_aside_at_every_retry(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clickstream.post(click(1))
    records = [record(b"poison", "1"), *clickstream.records()]
    with monkeypatch.context() as outage:
        outage.setenv("CLICKSTREAM_TABLE", "no-such-table")
        for _ in range(3):
            assert clickstream.aggregate(records) == ["1"]
    assert clickstream.set_aside() == []
    assert clickstream.aggregate(records) == []
    assert len(clickstream.set_aside()) == 1


def test_a_row_that_another_writer_has_changed_is_read_and_tried_again(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clickstream.post(click(1))
    contended = Contending(times=2)
    monkeypatch.setattr(store, "put_row", contended)
    assert clickstream.aggregate(clickstream.records()) == []
    assert clickstream.trend("tea")["views"] == 1


def test_races_without_end_are_left_to_the_event_source(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    clickstream.post(click(1))
    records = clickstream.records()
    with monkeypatch.context() as busy:
        busy.setattr(store, "put_row", Contending(times=1000))
        assert clickstream.aggregate(records) == [records[0]["kinesis"]["sequenceNumber"]]
    assert clickstream.aggregate(records) == []
    assert clickstream.trend("tea")["views"] == 1


def test_everything_in_the_table_expires(clickstream: Clickstream) -> None:
    clickstream.post(click(1))
    clickstream.aggregate(clickstream.records())
    items = boto3.client("dynamodb").scan(TableName=clickstream.table)["Items"]
    days = {item["pk"]["S"].split("#")[0]: (int(item["expires_at"]["N"]) - NOW.timestamp()) / 86400 for item in items}
    assert {name: round(left) for name, left in days.items()} == {"session": 7, "counts": 2}


def test_a_record_with_more_clicks_than_a_request_is_poison(clickstream: Clickstream) -> None:
    lines = [json.dumps(click(number)).encode() for number in range(101)]
    assert clickstream.aggregate([record(b"\n".join(lines), "1"), record(lines[0], "2"), record(b"", "3")]) == []
    assert clickstream.trend("tea")["views"] == 1
    assert len(clickstream.set_aside()) == 2


def test_poison_that_a_later_reader_understands_is_counted_when_it_is_redriven(clickstream: Clickstream) -> None:
    first, second, third = (json.dumps(click(number)).encode() for number in range(3))
    assert clickstream.aggregate([record(first, "1"), record(b"?", "2"), record(third, "3")]) == []
    assert clickstream.aggregate([record(second, "2")]) == []
    assert clickstream.trend("tea")["views"] == 3


def test_of_a_session_only_so_many_clicks_count(clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "MOST_OF_SESSION", 10)
    clickstream.post(*(click(number) for number in range(14)))
    clickstream.post(click(1, session_id="another"))
    for _ in range(2):
        assert clickstream.aggregate(clickstream.records()) == []
    assert clickstream.trend("tea")["views"] == 11


class Contending:
    """A table to which others write so often that `times` writes come too late."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self, *written: Any, **how: Any) -> None:
        if self._left:
            self._left -= 1
            raise Contended
        put_row(*written, **how)
