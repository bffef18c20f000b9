"""What counting costs in DynamoDB's write units, even if nothing shares a batch."""

import uuid
from typing import Any

import pytest

from tests.integration.clickstream.conftest import Clickstream, click
from tests.integration.clickstream.test_purchases import confirmed, deliver
from tests.support.write_units import metered


def session(*, skus: int = 20) -> list[list[dict[str, Any]]]:
    """Twenty clicks of one visitor in four requests, with ids and skus as long as usual."""
    visitor = str(uuid.uuid4())
    return [
        [
            click(0, event_id=str(uuid.uuid4()), session_id=visitor, sku=f"E2E-{number % skus:012}")
            for number in range(first, first + 5)
        ]
        for first in range(0, 20, 5)
    ]


@pytest.mark.parametrize("skus", [3, 20])
def test_twenty_clicks_cost_eight_write_units_although_each_request_is_a_batch(
    clickstream: Clickstream, skus: int
) -> None:
    for request in session(skus=skus):
        clickstream.post(*request)
    records = clickstream.records()
    assert len(records) == 4
    with metered() as units:
        for record in records:
            assert clickstream.aggregate([record]) == []
    assert units.total() <= 8


def test_a_click_alone_costs_two_write_units(clickstream: Clickstream) -> None:
    clicks = [one for request in session() for one in request]
    for one in clicks[:6]:
        clickstream.post(one)
    with metered() as units:
        for record in clickstream.records():
            assert clickstream.aggregate([record]) == []
    assert units.total() <= 12


def test_requests_that_share_a_batch_share_the_write_of_their_minute(clickstream: Clickstream) -> None:
    for request in session(skus=6):
        clickstream.post(*request)
    with metered() as units:
        assert clickstream.aggregate(clickstream.records()) == []
    # One row for the session's 20 clicks, and one for the counts.
    assert units.total() <= 3


def test_what_is_delivered_again_costs_nothing(clickstream: Clickstream) -> None:
    for request in [*session(), *session()]:
        clickstream.post(*request)
    clickstream.aggregate(clickstream.records())
    event = confirmed("ord_1", "tea", "cup")
    deliver(event)
    with metered() as units:
        clickstream.aggregate(clickstream.records())
        deliver(event)
    assert units.total() == 0


def test_a_purchase_of_two_lines_costs_one_write_unit(clickstream: Clickstream) -> None:
    with metered() as units:
        for number in range(20):
            deliver(confirmed(f"ord_{number}", "E2E-000000000001", "E2E-000000000002"))
    assert units.total() == 20


def test_invented_skus_do_not_multiply_rows(clickstream: Clickstream) -> None:
    """A request that invents a hundred of the longest skus costs what its bytes cost."""
    clicks = [click(0, event_id=f"{i:064}", session_id="s" * 64, sku=f"{i:064}") for i in range(100)]
    clickstream.post(*clicks)
    with metered() as units:
        clickstream.aggregate(clickstream.records())
    assert units.total() <= 24
