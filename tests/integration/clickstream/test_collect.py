"""Clicks are taken whole, or the client is told to send them again."""

import base64
import json
from typing import Any

import pytest

from clickstream import stream
from shopkit.aws import client
from tests.integration.clickstream.conftest import Clickstream, click
from tests.integration.clickstream.test_purchases import confirmed, deliver


class Throttled:
    """A stream that refuses some entries of its first calls, by the event ids in them."""

    def __init__(self, kinesis: Any, *refusals: set[str]) -> None:
        self._kinesis, self._refusals = kinesis, list(refusals)
        self.asked: list[list[str]] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        ids = [" ".join(ids_in(entry["Data"])) for entry in Records]
        self.asked.append(ids)
        refused = self._refusals.pop(0) if self._refusals else set()
        taken = [entry for entry, key in zip(Records, ids, strict=True) if key not in refused]
        if taken:
            self._kinesis.put_records(StreamName=StreamName, Records=taken)
        return {
            "Records": [
                {"ErrorCode": "ProvisionedThroughputExceededException"} if key in refused else {"SequenceNumber": "1"}
                for key in ids
            ]
        }


def collected(clickstream: Clickstream) -> list[str]:
    return sorted(id_ for entry in clickstream.records() for id_ in ids_in(base64.b64decode(entry["kinesis"]["data"])))


def ids_in(data: bytes) -> list[str]:
    return [json.loads(line)["event_id"] for line in data.splitlines()]


def throttle(monkeypatch: pytest.MonkeyPatch, *refusals: set[str]) -> Throttled:
    throttled = Throttled(client("kinesis"), *refusals)
    monkeypatch.setattr(stream, "client", lambda _: throttled)
    return throttled


def test_clicks_are_accepted_into_the_stream(clickstream: Clickstream) -> None:
    assert clickstream.post(click(1), click(2, type="add_to_cart")) == (202, {"accepted": 2})
    assert collected(clickstream) == ["e1", "e2"]


def test_the_clicks_of_a_session_share_a_record_with_a_line_each(clickstream: Clickstream) -> None:
    clickstream.post(click(1), click(2, session_id="s2"), click(3))
    records = [base64.b64decode(entry["kinesis"]["data"]) for entry in clickstream.records()]
    assert sorted(map(ids_in, records)) == [["e1", "e3"], ["e2"]]
    assert all(data.endswith(b"\n") for data in records)


def test_a_session_stays_in_one_shard(clickstream: Clickstream) -> None:
    clicks = [click(i, session_id=f"s{i % 5}") for i in range(50)]
    assert clickstream.post(*clicks) == (202, {"accepted": 50})
    kinesis = client("kinesis")
    shards_of: dict[str, set[str]] = {}
    for shard in kinesis.list_shards(StreamName="clicks")["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName="clicks", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        for entry in kinesis.get_records(ShardIterator=iterator)["Records"]:
            for line in entry["Data"].splitlines():
                shards_of.setdefault(json.loads(line)["session_id"], set()).add(shard["ShardId"])
    assert len(shards_of) == 5
    assert all(len(shards) == 1 for shards in shards_of.values())


def test_only_the_refused_entries_are_tried_again(clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenario 15."""
    throttled = throttle(monkeypatch, {"e2", "e4"}, {"e4"})
    clicks = [click(i, session_id=f"s{i}") for i in range(1, 5)]
    assert clickstream.post(*clicks, click(5, session_id="s1")) == (202, {"accepted": 5})
    assert throttled.asked == [["e1 e5", "e2", "e3", "e4"], ["e2", "e4"], ["e4"]]


def test_a_stream_that_keeps_refusing_is_a_503_after_bounded_attempts(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttled = throttle(monkeypatch, *[{"e2"}] * 100)
    status, problem = clickstream.post(click(1), click(2, session_id="s2"))
    assert (status, problem["type"]) == (503, "urn:cartwheel:problem:clicks-refused")
    assert 1 < len(throttled.asked) <= 5


def test_sending_everything_again_after_a_503_counts_each_click_once(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        throttle(busy, *[{"e2"}] * 100)
        assert clickstream.post(click(1), click(2, session_id="s2"))[0] == 503
    assert clickstream.post(click(1), click(2, session_id="s2")) == (202, {"accepted": 2})
    assert collected(clickstream) == ["e1", "e1", "e2"]
    assert clickstream.aggregate(clickstream.records()) == []
    assert clickstream.trend("tea")["views"] == 2


def test_what_is_no_click_is_a_400_that_points_at_it(clickstream: Clickstream) -> None:
    status, problem = clickstream.post(click(1), click(2, at="yesterday"), click(3, note="x"))
    assert status == 400
    assert [error["pointer"] for error in problem["errors"]] == ["/events/1/at", "/events/2/note"]
    assert clickstream.records() == []


def test_one_odd_click_among_a_hundred_is_named_and_none_is_counted(clickstream: Clickstream) -> None:
    """All or none, so that a client that drops the odd one may send the rest again."""
    clicks = [click(number) for number in range(100)]
    odd: list[Any] = [
        "0001-01-01T00:00:00+00:01",
        "2024-05-17T10:05:60Z",
        "9999-12-31T23:59:59-00:01",
        1e300,
        None,
        [],
        "\ufffd",
    ]
    for at in odd:
        clicks[73] = click(73, at=at)
        status, problem = clickstream.post(*clicks)
        assert (status, [error["pointer"] for error in problem["errors"]]) == (400, ["/events/73/at"])
    assert clickstream.records() == []
    del clicks[73]
    assert clickstream.post(*clicks) == (202, {"accepted": 99})


def test_a_full_request_of_the_longest_clicks_is_accepted(clickstream: Clickstream) -> None:
    clicks = [click(0, event_id=f"{i:064}", session_id="s" * 64, sku="k" * 64, type="add_to_cart") for i in range(100)]
    assert clickstream.post(*clicks) == (202, {"accepted": 100})


def test_without_a_stream_no_click_is_taken_and_trending_still_tells_what_was_bought(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404, which no client repeats by itself, rather than the 503 of a stream that is full for the moment."""
    monkeypatch.setenv("STREAM_NAME", "")
    status, problem = clickstream.post(click(1))
    assert (status, problem["type"]) == (404, "urn:cartwheel:problem:clicks-off")
    assert deliver(confirmed("ord_1", "tea")) == []
    assert clickstream.trend("tea") == {
        "sku": "tea",
        "views": 0,
        "carts": 0,
        "checkouts": 0,
        "purchases": 1,
        "conversion": None,
    }
