"""Shoppers: the same for the same seed, of every kind, and persistent as good clients are."""

from collections import Counter
from functools import partial

import httpx2
import pytest

from chaos import shoppers
from chaos.forecast import KNOWN, forecast
from chaos.run import endings
from chaos.shoppers import METHODS, Crowd, errands, persistently
from deployed.errors import CommandError, Refused
from deployed.front_door import FrontDoor, Order
from tests.support.front_door import API, Door, order, product

SKUS = [f"SKU-{number}" for number in range(8)]
UNAVAILABLE = httpx2.Response(503, json={"message": "Service Unavailable"})


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shoppers.time, "sleep", lambda _seconds: None)  # type: ignore[attr-defined]


def crowd(door: Door) -> Crowd:
    through = partial(FrontDoor, API, transport=httpx2.MockTransport(door))
    return Crowd([through("customer")], through("operator"), seed=1, run="run")


def test_the_same_seed_is_the_same_errands_and_another_is_not() -> None:
    assert errands(50, 1, SKUS, 2) == errands(50, 1, list(reversed(SKUS)), 2)
    assert errands(50, 1, SKUS, 2)[:20] == errands(20, 1, SKUS, 2)
    assert errands(50, 1, SKUS, 2) != errands(50, 2, SKUS, 2)


def test_every_method_is_used_and_some_orders_are_cancelled_and_repeated() -> None:
    found = errands(500, 1, SKUS, 2)
    assert Counter(one.method for one in found).keys() == METHODS.keys()
    assert 0.1 < sum(one.cancels_after is not None for one in found) / 500 < 0.4
    assert 0.1 < sum(one.repeats for one in found) / 500 < 0.3
    assert len({one.key for one in found}) == 500


@pytest.mark.parametrize("answer", [UNAVAILABLE, httpx2.Response(429, json={}), httpx2.ReadTimeout("no answer")])
def test_a_request_without_a_good_answer_is_sent_again_with_its_key(answer: httpx2.Response | Exception) -> None:
    placed = httpx2.Response(201, json=order())
    door = Door({"GET /products": httpx2.Response(200, json={"products": [product("MUG")], "next_cursor": None})})
    door.answers |= {
        "POST /orders": [answer, answer, placed],
        "POST /clicks": httpx2.Response(202, json={"accepted": 1}),
        "POST /products/MUG/restock": httpx2.Response(200, json={}),
        "PUT /products/MUG": httpx2.Response(200, json={}),
        "POST /orders/ord_1/cancellation": httpx2.Response(409, json={}),
        "GET /orders/ord_1": httpx2.Response(200, json=order(status="CONFIRMED")),
    }
    found = crowd(door)
    found.shop(1, lambda _crowd: None)
    assert (found.placed, found.noticed, found.refused) == (["ord_1"], [], [])
    keys = [request.headers["Idempotency-Key"] for request in door.requests if request.url.path == "/api/orders"]
    assert len(keys) >= 3
    assert set(keys) == {"run-0"}


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_final_answer_is_taken(status: int) -> None:
    asked = []

    def request() -> None:
        asked.append(1)
        raise Refused(status, {})

    with pytest.raises(Refused):
        persistently(request)
    assert len(asked) == 1


def test_a_shop_that_never_answers_is_given_up() -> None:
    def request() -> None:
        raise CommandError("no answer")

    with pytest.raises(CommandError, match="no answer"):
        persistently(request)


def test_two_orders_for_one_key_are_noticed() -> None:
    door = Door({"POST /orders": [httpx2.Response(201, json=order(order_id=f"ord_{n}")) for n in (1, 2)]})
    found = crowd(door)
    errand = next(one for one in errands(99, 1, SKUS, 1) if one.repeats and one.cancels_after is None)
    found._buy(errand)
    assert found.noticed == ["ord_1 and ord_2 were placed with one Idempotency-Key"]


def test_endings_are_counted_with_their_reasons() -> None:
    ended = [order(status="REJECTED", reason="out_of_stock"), order(status="CONFIRMED"), order(status="CONFIRMED")]
    assert endings([Order.model_validate(one) for one in ended]) == {"CONFIRMED": 2, "REJECTED (out_of_stock)": 1}


def test_weather_is_the_same_for_the_same_seed_and_mild() -> None:
    def told(seed: int) -> list[object]:
        coming = forecast(seed)
        return [next(coming) for _ in range(50)]

    assert told(1) == told(1)
    assert told(1) != told(2)
    coming = forecast(3)
    seen = [next(coming) for _ in range(400)]
    assert {outlook.weather for outlook in seen} == set(KNOWN)
    assert all(outlook.seconds <= 45 and outlook.calm >= 5 and outlook.weather.rate <= 0.5 for outlook in seen)
