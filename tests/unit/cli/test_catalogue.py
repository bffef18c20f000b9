"""What the shop sells, what it is filled with, and what people look at."""

from collections.abc import Callable

import httpx2
import pytest

from deployed.seeding import catalogue
from inventory.domain import ProductRequest, is_sku
from tests.support.front_door import Door, Result, product

type Run = Callable[..., Result]


def test_the_shelf_shows_every_page_of_products(run: Run, door: Door) -> None:
    door.answers["GET /products"] = [
        httpx2.Response(200, json={"products": [product("MUG")], "next_cursor": "next"}),
        httpx2.Response(200, json={"products": [product("PEN", available=0)], "next_cursor": None}),
    ]
    out = run("products").out
    assert "MUG" in out
    assert "PEN" in out
    assert "$14.50" in out


def test_an_empty_shop_says_how_to_fill_it(run: Run, door: Door) -> None:
    door.answers["GET /products"] = httpx2.Response(200, json={"products": [], "next_cursor": None})
    assert "shop seed" in run("products").out


def test_the_seeds_are_a_shop_worth_looking_at() -> None:
    entries = catalogue()
    assert len(entries) >= 24
    assert len({entry.sku for entry in entries}) == len(entries)
    assert len({entry.description for entry in entries}) == len(entries)
    assert all(entry.stock > 0 for entry in entries)


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.sku)
def test_every_seed_is_one_that_the_inventory_takes(entry: object) -> None:
    seed = entry.model_dump()  # type: ignore[attr-defined]
    assert is_sku(seed["sku"])
    ProductRequest.model_validate(
        {
            "name": seed["name"],
            "description": seed["description"],
            "price": {"amount": seed["price"], "currency": "USD"},
            "image": seed["image"],
        }
    )
