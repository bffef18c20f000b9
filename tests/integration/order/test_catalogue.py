"""Scenario 33: the catalogue replica knows the newest version of every product, in whatever order it hears of them."""

import json

import pytest

from order import catalogue
from tests.support.orders import Orders, deliver, failed, updated, wanted


def test_scenario_33_an_older_price_does_not_come_back(orders: Orders) -> None:
    orders.learn("MUG", 1600, version=3)
    orders.learn("MUG", 1500, version=2)
    assert orders.replica()["MUG"] == 1600
    assert orders.place().body["total"]["amount"] == 3200


def test_scenario_9_the_same_news_three_times_is_news_once(orders: Orders) -> None:
    news = updated("MUG", 1600, 2)
    assert deliver(catalogue.handler, news, news, news) == []
    assert orders.replica()["MUG"] == 1600


def test_a_new_product_can_be_ordered_once_it_is_known(orders: Orders) -> None:
    assert orders.place(wanted(("CAP", 1))).problem == "unknown-sku"
    orders.learn("CAP", 1999)
    assert orders.place(wanted(("CAP", 1))).body["total"]["amount"] == 1999


def test_a_new_name_is_on_the_next_order(orders: Orders) -> None:
    orders.learn("MUG", 1450, version=2, name="Enamel mug")
    assert orders.place().body["lines"][0]["name"] == "Enamel mug"


def test_scenario_32_an_unknown_version_goes_to_the_dead_letters_alone(orders: Orders) -> None:
    strange = updated("MUG", 1, 2).as_published()
    strange["detail"]["version"] = 2
    good = json.dumps(updated("TEE", 3000, 2).as_published())
    assert failed(catalogue.handler, json.dumps(strange), good, "{}") == ["0", "2"]
    assert orders.replica() == {"MUG": 1450, "TEE": 3000, "PEN": 1}


@pytest.mark.parametrize("version", [1, 0])
def test_a_version_known_already_is_left_as_it_is(orders: Orders, version: int) -> None:
    orders.learn("MUG", 9, version=version)
    assert orders.replica()["MUG"] == 1450


def test_products_are_no_orders(orders: Orders) -> None:
    """They share the table; the relay must not tell of them."""
    assert orders.events() == []
    assert orders.page().body["orders"] == []
