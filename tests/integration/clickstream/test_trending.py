"""What GET /trending answers."""

import json
import os
from datetime import timedelta
from typing import Any

import pytest

from shopkit.aws import client
from shopkit.dynamodb import to_item
from tests.integration.clickstream.conftest import NOW, Clickstream, click, record


def test_nothing_clicked_is_nothing_trending(clickstream: Clickstream) -> None:
    assert clickstream.trending() == (200, {"minutes": 60, "products": []})


def test_only_the_asked_minutes_count(clickstream: Clickstream) -> None:
    for minutes, sku in ((0, "now"), (4, "recent"), (5, "edge"), (50, "older")):
        at = NOW - timedelta(minutes=minutes)
        clickstream.post(click(minutes, sku=sku, at=at.isoformat()))
    clickstream.aggregate(clickstream.records())
    assert [p["sku"] for p in clickstream.trending(minutes="5")[1]["products"]] == ["now", "recent"]
    assert {p["sku"] for p in clickstream.trending()[1]["products"]} == {"now", "recent", "edge", "older"}
    assert clickstream.trending(minutes="1440")[1]["minutes"] == 1440
    assert {p["sku"] for p in clickstream.trending(minutes="1440")[1]["products"]} == {"now", "recent", "edge", "older"}


def test_clicks_of_invented_skus_cannot_make_it_read_for_ever(
    clickstream: Clickstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clickstream.store._MOST_COUNTS", 3)
    for minutes in range(70):
        at = NOW - timedelta(minutes=minutes)
        clicks = json.dumps(click(minutes, sku=f"invented-{minutes}", at=at.isoformat())).encode()
        clickstream.aggregate([record(clicks, str(minutes), at=at)])
    assert {product["sku"] for product in clickstream.trending()[1]["products"]} == {
        "invented-0",
        "invented-1",
        "invented-2",
    }


def test_skus_that_begin_alike_are_kept_apart(clickstream: Clickstream) -> None:
    clickstream.post(click(1, sku="tea"), click(2, sku="tea-2"), click(3, sku="tea_z"))
    clickstream.aggregate(clickstream.records())
    assert [(p["sku"], p["views"]) for p in clickstream.trending()[1]["products"]] == [
        ("tea", 1),
        ("tea-2", 1),
        ("tea_z", 1),
    ]


@pytest.mark.parametrize(
    "counts",
    [
        {f"{NOW:%Y-%m-%dT%H:%M}": {"views": {"tea": "many"}}},
        {f"{NOW:%Y-%m-%dT%H:%M}": {"views": {"tea": b"1"}}},
        {f"{NOW:%Y-%m-%dT%H:%M}": {"looks": {"tea": 1}}},
        {"today": {"views": {"tea": 1}}},
        {"2024-05-17T10:05": ["tea"]},
        "tea",
        None,
    ],
)
def test_a_row_that_holds_no_counts_is_left_out(clickstream: Clickstream, counts: Any) -> None:
    clickstream.post(click(1, sku="cup"))
    clickstream.aggregate(clickstream.records())
    row = {"pk": f"counts#{NOW:%Y-%m-%d}", "sk": f"{NOW:%H:%M}#x#0000", "counted": {"r1"}, "counts": counts}
    client("dynamodb").put_item(TableName=os.environ["CLICKSTREAM_TABLE"], Item=to_item(row))
    status, answer = clickstream.trending(minutes="1440")
    assert (status, [product["sku"] for product in answer["products"]]) == (200, ["cup"])


@pytest.mark.parametrize("minutes", ["0", "1441", "-1", "1.5", "", "1e3", "٣", "00060x", "99999", " 5"])
def test_other_numbers_of_minutes_are_a_400(clickstream: Clickstream, minutes: str) -> None:
    status, problem = clickstream.trending(minutes=minutes)
    assert (status, problem["type"]) == (400, "urn:cartwheel:problem:invalid-minutes")
