"""POST /orders and GET /orders: the scenarios of an order that is asked for twice, late, or in parts."""

import json
import random
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from order import domain
from order.domain import Order
from shopkit.api import MAX_BODY_BYTES
from shopkit.paging import next_cursor
from tests.support.api_gateway import ALICE, BOB, Answer
from tests.support.interleaving import Died, interleave, stopping_at_aws_calls
from tests.support.orders import ADDRESS, START, Orders, wanted


def test_an_order_is_placed_at_the_catalogue_s_prices(orders: Orders) -> None:
    answer = orders.place(wanted(("MUG", 2), ("TEE", 1)))
    order_id = answer.body["order_id"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"./orders/{order_id}"
    assert "Idempotency-Replayed" not in answer.headers
    assert answer.body == {
        "order_id": order_id,
        "status": "PLACED",
        "lines": [
            {"sku": "MUG", "name": "Mug", "quantity": 2, "unit_price": {"amount": 1450, "currency": "USD"}},
            {"sku": "TEE", "name": "Tee", "quantity": 1, "unit_price": {"amount": 2900, "currency": "USD"}},
        ],
        "total": {"amount": 5800, "currency": "USD"},
        "payment_method": "pm_visa",
        "shipping_address": {**ADDRESS, "line2": None, "region": None},
        "reason": None,
        "review": None,
        "attention": None,
        "placed_at": "2026-03-01T12:00:00.000000Z",
        "updated_at": "2026-03-01T12:00:00.000000Z",
        "version": 1,
    }
    assert [event.type for event in orders.events()] == ["OrderPlaced"]


def one_order(orders: Orders) -> Order:
    (order,) = orders.all()
    return order


# ── The same key again ────────────────────────────────────────────────────────────────────────────────────────────────


def repeated(orders: Orders, first: Answer) -> None:
    """The same request again answers the order as it was placed."""
    again = orders.place()
    assert (again.status, again.body) == (201, first.body)
    assert again.headers == {**first.headers, "Idempotency-Replayed": "true"}
    one_order(orders)


def test_scenario_1_the_same_request_twice_is_one_order(orders: Orders) -> None:
    repeated(orders, orders.place())
    assert [event.type for event in orders.events()] == ["OrderPlaced"]


@pytest.mark.parametrize(
    ("change", "became"), [(Orders.confirm, "CONFIRMED"), (Orders.reject, "REJECTED"), (Orders.cancel, "CANCELLED")]
)
def test_scenario_1_also_after_the_order_moved_on(orders: Orders, change: Callable[..., Any], became: str) -> None:
    first = orders.place()
    order_id = first.body["order_id"]
    orders.clock.forward(timedelta(hours=1))
    change(orders, order_id)
    repeated(orders, first)
    assert orders.get(order_id).body["status"] == became


def test_scenario_1_also_after_a_review(orders: Orders) -> None:
    body = wanted(payment_method="pm_review")
    first = orders.place(body)
    order_id = first.body["order_id"]
    with pytest.raises(Exception, match=order_id):
        orders.hold(order_id)
    orders.clock.forward(timedelta(hours=1))
    orders.review(order_id, note="called")
    assert orders.place(body).body == first.body
    assert orders.get(order_id).body["review"] == "approved"


def test_scenario_1_also_after_a_price_changed_or_a_product_disappeared(orders: Orders) -> None:
    body = wanted(expected_total={"amount": 2900, "currency": "USD"})
    first = orders.place(body)
    orders.learn("MUG", 9999, version=2)
    again = orders.place(body)
    assert (again.status, again.body) == (201, first.body)
    one_order(orders)


def test_scenario_1_the_same_request_spelt_otherwise_is_the_same(orders: Orders) -> None:
    first = orders.place()
    spelt = json.dumps({**dict(reversed(wanted().items())), "expected_total": None}, indent=4)
    again = orders.place(raw=spelt)
    assert (again.status, again.body) == (201, first.body)


def test_scenario_2_another_request_under_the_same_key_is_refused(orders: Orders) -> None:
    orders.place()
    before = one_order(orders)
    answer = orders.place(wanted(("MUG", 3)))
    assert (answer.status, answer.problem) == (422, "idempotency-key-reused")
    assert one_order(orders) == before


def test_scenario_3_requests_at_once_with_one_key_are_one_order(orders: Orders) -> None:
    """Twenty ways in which four requests may take turns at every AWS call."""
    chance = random.Random(3)
    for number in range(20):
        answers: list[Answer] = []

        def request(key: str = f"key-{number}", answers: list[Answer] = answers) -> None:
            answers.append(orders.place(key=key))

        interleave([request] * 4, lambda running: (chance.randrange(running), False))
        assert [answer.status for answer in answers] == [201] * 4
        assert {answer.raw for answer in answers} == {answers[0].raw}
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        assert len(orders.all()) == number + 1


def test_scenario_4_a_key_is_free_again_after_24_hours(orders: Orders) -> None:
    first = orders.placed()
    orders.clock.forward(timedelta(hours=24) - timedelta(seconds=1))
    assert orders.placed() == first
    orders.clock.forward(timedelta(seconds=1))
    second = orders.place(wanted(("TEE", 1)))
    assert second.status == 201
    assert "Idempotency-Replayed" not in second.headers
    assert second.body["order_id"] != first
    # The expired row is still there, and the key now stands for the second order.
    assert {order.order_id for order in orders.all()} == {first, second.body["order_id"]}
    assert orders.place(wanted(("TEE", 1))).body == second.body
    orders.clock.forward(timedelta(hours=24))
    third = orders.placed()
    assert len({first, second.body["order_id"], third}) == len(orders.all()) == 3


def test_scenario_29_a_clock_that_runs_behind_does_not_place_again(orders: Orders) -> None:
    first = orders.placed()
    orders.clock.now = START - timedelta(minutes=10)
    assert orders.placed() == first


def crash_points(orders: Orders) -> int:
    """How many chances to die the first request has."""
    stops = 0

    def count() -> None:
        nonlocal stops
        stops += 1

    with stopping_at_aws_calls(count):
        orders.place(key="counted")
    return stops


def test_scenario_5_a_crash_anywhere_then_a_retry_is_one_order(orders: Orders) -> None:
    points = crash_points(orders)
    assert points >= 6  # before and after: look up the key, read the catalogue, write the order
    for point in range(points):
        key, passed = f"key-{point}", 0

        def die(point: int = point) -> None:
            nonlocal passed
            passed += 1
            if passed > point:
                raise Died

        with stopping_at_aws_calls(die), pytest.raises(Died):
            orders.place(key=key)
        written = {order.order_id for order in orders.all()}
        retried = orders.place(key=key)
        assert retried.status == 201
        assert (retried.body["order_id"] in written) == ("Idempotency-Replayed" in retried.headers)
        assert orders.place(key=key).body == retried.body
    assert len(orders.all()) == points + 1


def test_scenario_7_a_quoted_key_is_the_bare_one(orders: Orders) -> None:
    assert orders.placed(key='"abc"') == orders.placed(key="abc")
    assert orders.placed(key="x" * 255) == orders.placed(key='"' + "x" * 255 + '"')


def test_scenario_8_another_customer_s_key_is_another_key(orders: Orders) -> None:
    mine, theirs = orders.placed(), orders.place(wanted(("TEE", 1)), caller=BOB)
    assert theirs.status == 201
    assert theirs.body["order_id"] != mine
    assert {order.customer_id for order in orders.all()} == {ALICE.sub, BOB.sub}


def test_only_accepted_orders_are_remembered(orders: Orders) -> None:
    assert orders.place(wanted(("NOPE", 1))).status == 422
    assert orders.place(wanted(("MUG", 0))).status == 400
    assert orders.place().status == 201


# ── Prices ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scenario_25_an_order_has_the_price_of_its_placement(orders: Orders) -> None:
    order_id = orders.placed()
    orders.learn("MUG", 9999, version=2)
    assert orders.get(order_id).body["total"] == {"amount": 2900, "currency": "USD"}
    assert orders.place(key="later").body["total"] == {"amount": 19998, "currency": "USD"}


def test_scenario_25_a_stale_expectation_gets_the_new_quote_and_no_order(orders: Orders) -> None:
    orders.learn("MUG", 1500, version=2)
    answer = orders.place(wanted(expected_total={"amount": 2900, "currency": "USD"}))
    assert (answer.status, answer.problem) == (409, "price-changed")
    assert answer.body["quote"] == {
        "lines": [{"sku": "MUG", "name": "Mug", "quantity": 2, "unit_price": {"amount": 1500, "currency": "USD"}}],
        "total": {"amount": 3000, "currency": "USD"},
    }
    assert orders.all() == []
    # The same key may carry the corrected request, for nothing was placed.
    assert orders.place(wanted(expected_total=answer.body["quote"]["total"])).status == 201


@pytest.mark.parametrize("expected", [{"amount": 0, "currency": "USD"}, {"amount": 2900, "currency": "EUR"}])
def test_scenario_25_an_expectation_of_nothing_or_of_other_money_is_stale_too(
    orders: Orders, expected: dict[str, Any]
) -> None:
    assert orders.place(wanted(expected_total=expected)).problem == "price-changed"


def test_an_unknown_product_is_pointed_to(orders: Orders) -> None:
    answer = orders.place(wanted(("MUG", 1), ("NOPE", 1)))
    assert (answer.status, answer.problem) == (422, "unknown-sku")
    assert answer.body["errors"] == [{"pointer": "/lines/1/sku", "detail": "NOPE"}]


# ── Limits ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scenario_28_the_largest_order_fits_the_bus(orders: Orders) -> None:
    """50 lines of names as long as the catalogue takes, in characters of four bytes."""
    skus = [f"S{number:02}".ljust(64, "x") for number in range(50)]
    for sku in skus:
        orders.learn(sku, 999_999_999, name="😀" * 200)
    body = wanted(*[(sku, 99) for sku in skus])
    for field, length in {
        "name": 200,
        "line1": 200,
        "line2": 200,
        "city": 100,
        "region": 100,
        "postal_code": 20,
    }.items():
        body["shipping_address"][field] = "😀" * length
    raw = json.dumps(body, ensure_ascii=False)
    assert len(raw.encode()) < MAX_BODY_BYTES
    assert orders.place(raw=raw).status == 201
    (event,) = orders.events()
    # A quarter of SNS's 256 KB, so that an envelope of any making fits.
    assert len(json.dumps(event.as_published(), ensure_ascii=False).encode()) < 64 * 1024


def test_scenario_30_an_order_s_id_cannot_be_made_from_what_others_know(orders: Orders) -> None:
    assert orders.placed() != domain.order_id("", ALICE.sub, "key-1", 0)


# ── Text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "😀 \U0001f469\u200d\U0001f4bb",
        "\u05e9\u05dc\u05d5\u05dd \u200f\u0645\u0631\u062d\u0628\u0627",
        unicodedata.normalize("NFC", "Zoë"),
        unicodedata.normalize("NFD", "Zoë"),
        "<script>alert(1)</script>",
        "'; DROP TABLE orders; --",
        "{{ 7 * 7 }} ${jndi}",
        "\u202eevil",
        " Zoë  Q. ",
    ],
)
def test_scenario_31_text_comes_back_as_it_was_sent(orders: Orders, text: str) -> None:
    body = wanted()
    body["shipping_address"]["name"] = text
    order_id = orders.placed(body)
    assert orders.get(order_id).body["shipping_address"]["name"] == text


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def placed_over_time(orders: Orders, count: int) -> list[str]:
    ids = []
    for number in range(count):
        ids.append(orders.placed(key=f"key-{number}", caller=(ALICE, BOB)[number % 2]))
        orders.clock.forward(timedelta(seconds=1))
    return ids


def test_a_page_of_orders_is_the_caller_s_own_newest_first(orders: Orders) -> None:
    ids = placed_over_time(orders, 6)
    assert [order["order_id"] for order in orders.page().body["orders"]] == [ids[4], ids[2], ids[0]]


def test_pages_follow_each_other_without_gap_or_repetition(orders: Orders) -> None:
    ids = placed_over_time(orders, 10)
    seen: list[str] = []
    query = {"limit": "2"}
    while True:
        page = orders.page(ALICE, **query).body
        assert len(page["orders"]) <= 2
        seen += [order["order_id"] for order in page["orders"]]
        if page["next_cursor"] is None:
            break
        query = {"limit": "2", "cursor": page["next_cursor"]}
    assert seen == [ids[8], ids[6], ids[4], ids[2], ids[0]]


def test_a_list_shows_orders_as_they_are_now(orders: Orders) -> None:
    order_id = orders.placed()
    orders.confirm(order_id)
    assert orders.page().body["orders"] == [orders.get(order_id).body]


def test_nobody_s_list_is_empty(orders: Orders) -> None:
    assert orders.page().body == {"orders": [], "next_cursor": None}


def test_scenario_30_another_s_cursor_leads_to_one_s_own_orders_only(orders: Orders) -> None:
    ids = placed_over_time(orders, 6)
    theirs = orders.page(BOB, limit="1").body["next_cursor"]
    page = orders.page(cursor=theirs).body
    assert {order["order_id"] for order in page["orders"]} <= {ids[0], ids[2], ids[4]}
    made_up = next_cursor(["9999-12-31T23:59:59.999999Z", "ord_nobody"])
    assert len(orders.page(cursor=made_up).body["orders"]) == 3
