"""Scenario 30: whose order it is, on every route."""

from collections.abc import Callable

import pytest

from tests.support.api_gateway import ALICE, BOB, OPERATOR, Answer, Caller
from tests.support.orders import Orders

type Route = Callable[[Orders, str, Caller], Answer]

ROUTES: dict[str, Route] = {
    "get": lambda orders, order_id, caller: orders.get(order_id, caller),
    "timeline": lambda orders, order_id, caller: orders.timeline(order_id, caller),
    "cancellation": lambda orders, order_id, caller: orders.cancel(order_id, caller),
}


@pytest.fixture(params=list(ROUTES.values()), ids=list(ROUTES))
def route(request: pytest.FixtureRequest) -> Route:
    chosen: Route = request.param
    return chosen


def test_scenario_30_an_order_opens_to_its_customer(orders: Orders, route: Route) -> None:
    assert route(orders, orders.placed(), ALICE).status in {200, 202}


def test_scenario_30_an_order_opens_to_operators(orders: Orders, route: Route) -> None:
    assert route(orders, orders.placed(), OPERATOR).status in {200, 202}


def test_scenario_30_another_s_order_is_as_if_it_were_not_there(orders: Orders, route: Route) -> None:
    order_id = orders.placed()
    another, nobody_s = route(orders, order_id, BOB), route(orders, "ord_nobody", BOB)
    assert (another.status, another.problem) == (404, "not-found")
    assert another.raw.replace(order_id, "X") == nobody_s.raw.replace("ord_nobody", "X")
    assert another.headers == nobody_s.headers
    assert orders.order(order_id).status == "PLACED"


def test_scenario_30_a_made_up_id_finds_nothing(orders: Orders, route: Route) -> None:
    orders.placed()
    # The last one is longer than DynamoDB's keys can be.
    for order_id in ("product#MUG", "review#ord_1", "order#ord_1", "", "../orders", "é" * 2000):
        assert route(orders, order_id, OPERATOR).status == 404
        assert orders.review(order_id).status == 404


def test_scenario_30_operators_see_everyone_s_orders_and_customers_their_own(orders: Orders) -> None:
    mine, theirs = orders.placed(), orders.placed(caller=BOB)
    assert [order["order_id"] for order in orders.page(ALICE).body["orders"]] == [mine]
    assert [order["order_id"] for order in orders.page(BOB).body["orders"]] == [theirs]
    assert {order["order_id"] for order in orders.page(OPERATOR).body["orders"]} == {mine, theirs}


def test_scenario_30_no_answer_names_the_customer(orders: Orders) -> None:
    order_id = orders.placed()
    orders.tell_timeline(*orders.events())
    for answer in (orders.get(order_id, OPERATOR), orders.page(OPERATOR), orders.cancel(order_id, OPERATOR)):
        assert ALICE.sub not in answer.raw


@pytest.mark.parametrize("order_id", ["ord_nobody", None])
def test_scenario_30_reviews_are_for_operators_whether_or_not_the_order_exists(
    orders: Orders, order_id: str | None
) -> None:
    answer = orders.review(order_id or orders.placed(), caller=ALICE)
    assert (answer.status, answer.problem) == (403, "forbidden")
