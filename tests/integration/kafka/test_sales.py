"""Every confirmed order counts once in its hour, whatever the topic delivers how often."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployed.dead_letters.letters import Letter, records_of, summary_of
from kafkabridge import count_sales, domain
from shopkit.aws import client
from tests.integration.kafka.conftest import View, cancelled, confirmed, count, line, placed, record, records


def test_units_and_revenue_by_sku_and_hour(view: View) -> None:
    count(
        *records(
            placed("ord_1"),
            confirmed("ord_1", line("tea", 2, 500), line("cup", 1, 900)),
            confirmed("ord_2", line("tea", 1, 450)),
            confirmed("ord_3", line("tea", 1, 500), hours=1),
        )
    )
    assert view.sold() == {("tea", "10"): (3, 1450), ("cup", "10"): (1, 900), ("tea", "11"): (1, 500)}


def test_currencies_are_not_added_up(view: View) -> None:
    count(*records(confirmed("ord_1", line("tea", 1, 500)), confirmed("ord_2", line("tea", 1, 400, "EUR"))))
    assert {(row["currency"], row["revenue"]) for row in view.counters()} == {("USD", 500), ("EUR", 400)}
    assert view.set_aside() == []


def test_a_batch_delivered_three_times_counts_once(view: View) -> None:
    batch = records(confirmed("ord_1"), confirmed("ord_2"), cancelled("ord_2"))
    for _ in range(3):
        count(*batch)
    assert view.sold() == {("tea", "10"): (2, 1000)}


def test_an_event_written_twice_counts_once(view: View) -> None:
    """A producer whose acknowledgement was lost writes again: the same event at another offset."""
    count(*records(confirmed("ord_1"), confirmed("ord_1")))
    assert view.sold() == {("tea", "10"): (2, 1000)}


def test_a_cancelled_order_is_taken_back_from_the_hour_it_sold_in(view: View) -> None:
    count(*records(confirmed("ord_1"), confirmed("ord_2")))
    count(*records(cancelled("ord_1", hours=5)))
    assert view.sold() == {("tea", "10"): (2, 1000)}


def test_an_order_cancelled_before_it_sold_changes_nothing(view: View) -> None:
    count(*records(placed("ord_1"), cancelled("ord_1")))
    assert view.sold() == {}


def test_a_confirmation_that_comes_after_the_cancellation_does_not_count(view: View) -> None:
    """As when it was set aside, and redriven later."""
    count(*records(cancelled("ord_1")))
    count(*records(confirmed("ord_1")))
    assert view.sold() == {}


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\xfe",
        b"not json",
        b"null",
        b"[]",
        b"{}",
        b'{"detail-type": 7}',
        b'{"detail-type": "OrderConfirmed"}',
        b'{"detail-type": "OrderConfirmed", "detail": {"version": 2}}',
        b"[" * 100_000,
        json.dumps(confirmed("ord_9", line("", 1, 1)).as_published()).encode(),
        json.dumps(confirmed("ord_9", line("x" * 300, 1, 1)).as_published()).encode(),
        json.dumps(confirmed("ord_9", line("tea", 10**17, 10**17)).as_published()).encode(),
        json.dumps(confirmed("ord_9", *(line(f"sku{n}", 1, 1) for n in range(99))).as_published()).encode(),
        json.dumps(confirmed("", line("tea", 1, 1)).as_published()).encode(),
        json.dumps(cancelled("x" * 3000).as_published()).encode(),
    ],
)
def test_poison_is_set_aside_whole_and_its_neighbours_count(view: View, value: bytes | None) -> None:
    before, after = records(confirmed("ord_1"), confirmed("ord_2"))
    poison = record(value, offset=7)
    count(before, poison, after)
    assert view.sold() == {("tea", "10"): (4, 2000)}
    (kept,) = view.set_aside()
    assert kept["record"] == poison
    assert kept["error"]


def test_what_was_set_aside_counts_once_its_redrive_understands_it(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """`shop dlq redrive` hands single records to the function, however often."""
    with monkeypatch.context() as old:
        old.setattr(domain, "MAX_LINES", 0)
        count(*records(confirmed("ord_1")))
    (kept,) = view.set_aside()
    for _ in range(2):
        count_sales.handler({"Records": [kept["record"]]}, None)
    assert view.sold() == {("tea", "10"): (2, 1000)}


def test_a_batch_that_the_broker_forgot_is_redriven_from_the_bucket(view: View) -> None:
    """Lambda keeps the whole invocation there, as text."""
    invocation = {
        "records": {"shop.orders-0": records(confirmed("ord_1")), "shop.orders-1": records(confirmed("ord_2"))}
    }
    body = json.dumps({"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": json.dumps(invocation)})
    count_sales.handler({"Records": records_of(body)}, None)
    assert view.sold() == {("tea", "10"): (4, 2000)}
    said = summary_of(Letter("key", body, confirmed("x").occurred_at))
    assert said.type.startswith("2 × shop.orders/0/0")


def test_an_event_of_another_type_is_none_of_its_business(view: View) -> None:
    count(record(b'{"detail-type": "SomethingNew", "detail": {}}'))
    assert view.sold() == {}
    assert view.set_aside() == []


def test_what_may_be_over_soon_fails_the_batch_and_nothing_counts_twice(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of the table in the middle of a batch: Lambda hands all of it over again."""
    batch = [*records(confirmed("ord_1"), confirmed("ord_2"), confirmed("ord_3")), record(b"poison", 9)]
    dynamodb = client("dynamodb")
    works, calls = dynamodb.transact_write_items, []

    def fails_once(**request: Any) -> Any:
        calls.append(request)
        if len(calls) == 2:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")
        return works(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", fails_once)
    with pytest.raises(ClientError):
        count(*batch)
    assert view.set_aside() == []
    count(*batch)
    assert view.sold() == {("tea", "10"): (6, 3000)}
    assert len(view.set_aside()) == 1


def test_counters_are_what_the_orders_that_count_add_up_to(view: View) -> None:
    count(*records(confirmed("ord_1"), confirmed("ord_2"), cancelled("ord_2"), confirmed("ord_3", line("cup", 3, 7))))
    orders = [row for row in view.rows() if row["sk"] == "order" and row["status"] == "SOLD"]
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for sale in (sale for order in orders for sale in order["sales"]):
        key = (sale["sku"], sale["hour"][11:13])
        units, revenue = sums.get(key, (0, 0))
        sums[key] = (units + sale["units"], revenue + sale["revenue"])
    assert view.sold() == sums
    assert {order["seen"]["at"] for order in orders} == {"shop.orders/0/0", "shop.orders/0/3"}
