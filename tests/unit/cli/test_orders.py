"""Ordering and looking at orders."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from deployed.checkouts import Checkout, Checkouts, Step
from tests.support.front_door import Door, Result, event, order, product

type Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.orders.time.sleep", lambda _seconds: None)


def test_an_order_asks_for_its_goods_as_the_first_customer(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = httpx2.Response(201, json=order())
    said = run("order", "MUG:2", "PEN", "--method", "pm_flaky")
    assert said.code == 0
    assert door.body()["lines"] == [{"sku": "MUG", "quantity": 2}, {"sku": "PEN", "quantity": 1}]
    assert door.body()["payment_method"] == "pm_flaky"
    assert door.requests[-1].headers["Authorization"] == "token of customer-1@example.com"
    assert "ord_1" in said.out
    assert "$29.00" in said.out


def test_every_order_has_a_key_of_its_own_unless_one_is_given(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = httpx2.Response(201, json=order())
    for line in (("order", "MUG"), ("order", "MUG"), ("order", "MUG", "--key", "mine")):
        run(*line)
    first, second, third = (request.headers["Idempotency-Key"] for request in door.requests)
    assert uuid.UUID(first) != uuid.UUID(second)
    assert third == "mine"


@pytest.mark.parametrize("key", ["", "é"])
def test_a_key_goes_to_the_front_door_as_it_was_given(run: Run, door: Door, key: str) -> None:
    """It says what a key may be; a new one in place of an empty variable would order twice."""
    door.answers["POST /orders"] = httpx2.Response(201, json=order())
    run("order", "MUG", "--key", key)
    assert dict(door.requests[0].headers.raw)[b"Idempotency-Key"] == key.encode()


def test_a_replay_is_told_apart_from_a_new_order(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = httpx2.Response(201, json=order(), headers={"Idempotency-Replayed": "true"})
    assert run("order", "MUG", "--key", "mine", "--json").json["replayed"] is True
    assert "nothing was ordered twice" in run("order", "MUG", "--key", "mine").err


def test_somebody_else_can_order(run: Run, door: Door) -> None:
    door.answers["POST /orders"] = httpx2.Response(201, json=order())
    run("order", "MUG", "--as", "customer-2@example.com")
    assert door.requests[-1].headers["Authorization"] == "token of customer-2@example.com"


def test_without_goods_the_first_product_in_stock_is_ordered(run: Run, door: Door) -> None:
    shelf = {"products": [product("MUG", available=0), product("PEN")], "next_cursor": None}
    door.answers |= {
        "GET /products": httpx2.Response(200, json=shelf),
        "POST /orders": httpx2.Response(201, json=order()),
    }
    run("order")
    assert door.body()["lines"] == [{"sku": "PEN", "quantity": 1}]


def test_waiting_ends_when_checkout_has_decided(run: Run, door: Door) -> None:
    looks = [httpx2.Response(200, json=order(status=status)) for status in ("PLACED", "PLACED", "REJECTED")]
    door.answers |= {"POST /orders": httpx2.Response(201, json=order()), "GET /orders/ord_1": [*looks]}
    assert run("order", "MUG", "--wait", "--json").json["status"] == "REJECTED"


def test_an_order_that_is_held_says_who_goes_on(run: Run, door: Door) -> None:
    found = httpx2.Response(200, json=order(status="AWAITING_REVIEW"))
    door.answers |= {"POST /orders": httpx2.Response(201, json=order()), "GET /orders/ord_1": found}
    assert "./shop review ord_1 approve" in run("order", "MUG", "--wait").err


def test_waiting_has_an_end_and_says_how_to_go_on(run: Run, door: Door) -> None:
    door.answers |= {
        "POST /orders": httpx2.Response(201, json=order()),
        "GET /orders/ord_1": httpx2.Response(200, json=order()),
    }
    said = run("order", "MUG", "--wait", "--patience", "0")
    assert said.code == 1
    assert "shop story ord_1" in said.err


def test_orders_are_read_page_by_page_up_to_the_limit(run: Run, door: Door) -> None:
    pages = [
        httpx2.Response(200, json={"orders": [order(order_id=f"ord_{n}") for n in (1, 2)], "next_cursor": "next"}),
        httpx2.Response(200, json={"orders": [order(order_id="ord_3")], "next_cursor": "more"}),
    ]
    door.answers["GET /orders"] = [*pages]
    found = run("orders", "--limit", "3", "--json").json
    assert [one["order_id"] for one in found] == ["ord_1", "ord_2", "ord_3"]
    assert [dict(request.url.params) for request in door.requests] == [{"limit": "3"}, {"limit": "1", "cursor": "next"}]


@pytest.mark.parametrize(("width", "placed"), [(80, False), (140, True)])
def test_what_became_of_orders_is_seen_on_narrow_terminals_too(
    run: Run, door: Door, monkeypatch: pytest.MonkeyPatch, width: int, *, placed: bool
) -> None:
    monkeypatch.setattr("cli.session._PIPE_WIDTH", width)
    found = order(order_id="ord_" + 32 * "a", status="REJECTED", reason="out_of_stock")
    door.answers["GET /orders"] = httpx2.Response(200, json={"orders": [found], "next_cursor": None})
    out = run("orders").out
    assert all(told in out for told in (found["order_id"], "REJECTED", "$29.00", "out of stock"))
    assert ("2026-01-01" in out) == placed


def test_all_orders_are_for_the_operator(run: Run, door: Door) -> None:
    door.answers["GET /orders"] = httpx2.Response(200, json={"orders": [], "next_cursor": None})
    run("orders", "--all")
    assert door.requests[-1].headers["Authorization"] == "token of operator-1@example.com"


def test_an_order_that_needs_a_person_says_so(run: Run, door: Door) -> None:
    attention = {"reason": "refund failed", "since": "2026-01-01T12:00:05.000000Z"}
    door.answers["GET /orders/ord_1"] = httpx2.Response(200, json=order(status="REJECTED", attention=attention))
    assert "refund failed" in run("show", "ord_1").out


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> list[Checkout]:
    """What the executions of checkouts remember."""
    runs: list[Checkout] = []
    monkeypatch.setattr("cli.commands.orders.checkouts_of", lambda *_of: Checkouts(express=False, runs=tuple(runs)))
    return runs


@pytest.mark.usefixtures("remembered")
def test_a_story_tells_each_event_with_the_time_since_the_one_before(run: Run, door: Door) -> None:
    told = [
        event("OrderPlaced", "00.000000"),
        event("StockReserved", "00.250000", source="shop.inventory"),
        event("OrderConfirmed", "01.500000"),
    ]
    door.answers |= {
        "GET /orders/ord_1": httpx2.Response(200, json=order(status="CONFIRMED")),
        "GET /orders/ord_1/timeline": httpx2.Response(200, json={"order_id": "ord_1", "events": told}),
    }
    lines = run("story", "ord_1").out.splitlines()
    placed, reserved, confirmed = (line for line in lines if line.startswith(("+", " +")) or " +" in line[:12])
    assert "OrderPlaced happened" in placed
    assert "+0.250 s" in reserved
    assert "250 ms" in reserved
    assert "inventory" in reserved
    assert "+1.500 s" in confirmed
    assert "1.25 s" in confirmed
    assert any("3 events in 1.50 s" in line for line in lines)


def test_a_story_tells_the_steps_of_its_checkout_and_what_it_cost(
    run: Run, door: Door, remembered: list[Checkout]
) -> None:
    began = datetime(2026, 1, 1, 12, tzinfo=UTC)
    step = Step("Authorize payment", began, began + timedelta(seconds=3), 3, ("GatewayUnavailable",) * 2)
    remembered.append(Checkout(began, "SUCCEEDED", (step,)))
    door.answers |= {
        "GET /orders/ord_1": httpx2.Response(200, json=order(status="CONFIRMED")),
        "GET /orders/ord_1/timeline": httpx2.Response(
            200, json={"order_id": "ord_1", "events": [event("OrderPlaced", "00.000000")]}
        ),
    }
    out = run("story", "ord_1").out
    (line,) = (line for line in out.splitlines() if "Authorize payment" in line)
    assert line.split() == ["+0.000", "s", "3.00", "s", "Authorize", "payment", "3", "GatewayUnavailable"]
    assert "an estimate" in out
    document = run("story", "ord_1", "--json").json
    assert document["checkouts"]["runs"][0]["steps"][0]["attempts"] == 3
    assert document["cost_estimate"]["usd"] > 0


@pytest.mark.usefixtures("remembered")
def test_without_an_order_the_story_is_of_the_newest(run: Run, door: Door) -> None:
    door.answers |= {
        "GET /orders": httpx2.Response(200, json={"orders": [order(order_id="ord_9")], "next_cursor": None}),
        "GET /orders/ord_9/timeline": httpx2.Response(200, json={"order_id": "ord_9", "events": []}),
    }
    told = run("story", "--json").json
    assert (told["order_id"], told["status"], told["events"]) == ("ord_9", "PLACED", [])


def test_where_nothing_was_ordered_the_story_says_how_to_begin(run: Run, door: Door) -> None:
    door.answers["GET /orders"] = httpx2.Response(200, json={"orders": [], "next_cursor": None})
    assert "shop order" in run("story").err


def test_an_order_is_cancelled_by_an_operator_or_by_its_customer(run: Run, door: Door) -> None:
    door.answers["POST /orders/ord_1/cancellation"] = httpx2.Response(202, json=order(status="CANCELLED", version=2))
    assert run("cancel", "ord_1", "--json").json["status"] == "CANCELLED"
    run("cancel", "ord_1", "--as", "customer-1@example.com")
    tokens = [request.headers["Authorization"] for request in door.requests]
    assert tokens == ["token of operator-1@example.com", "token of customer-1@example.com"]


def test_a_review_is_a_decision_with_or_without_a_note(run: Run, door: Door) -> None:
    door.answers["POST /orders/ord_1/review"] = httpx2.Response(202, json=order(review="approved", version=3))
    run("review", "ord_1", "approve")
    assert door.body() == {"decision": "approve"}
    run("review", "ord_1", "reject", "--note", "card reported stolen")
    assert door.body() == {"decision": "reject", "note": "card reported stolen"}
    assert run("review", "ord_1", "perhaps").code == 2


@pytest.mark.parametrize("attention", [None, {"reason": "settlement_failed", "since": "2026-01-01T12:00:05.000000Z"}])
def test_settling_says_when_nobody_was_needed(
    run: Run, door: Door, monkeypatch: pytest.MonkeyPatch, attention: dict[str, str] | None
) -> None:
    """Then nothing shows when the money is back: the story does."""
    monkeypatch.setattr("cli.commands.decisions.settle_again", lambda *_of: "its timeline")
    looks = [httpx2.Response(200, json=order(status="CANCELLED", attention=found)) for found in (attention, None)]
    door.answers["GET /orders/ord_1"] = [*looks]
    said = run("settle", "ord_1")
    assert said.code == 0
    assert ("./shop story ord_1" in said.err) == (attention is None)
