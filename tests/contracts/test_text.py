"""What a person types and the shop shows again: one line, visible, and never more than an answer can carry."""

import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from contracts.orders_stream import OrderStatus
from contracts.types import Money, OrderLine
from inventory import domain as inventory
from inventory.domain import ProductRequest, RestockRequest
from inventory.view import product_view
from order.domain import Order, OrderRequest
from order.review import Review
from order.view import order_view
from shopkit.api import Request, Response, endpoint
from shopkit.paging import MAX_LIMIT, page
from tests.support.inventory import MUG
from tests.support.orders import wanted
from tests.unit.order.orders import NOW, an_order

TAKEN: dict[type[BaseModel], dict[str, Any]] = {
    OrderRequest: wanted(),
    ProductRequest: MUG,
    RestockRequest: {"quantity": 1},
    Review: {"decision": "approve", "note": "fine"},
}
# Every text that somebody can send, and whether it has to say something.
TEXTS: dict[tuple[type[BaseModel], str], bool] = {
    (OrderRequest, "shipping_address/name"): True,
    (OrderRequest, "shipping_address/line1"): True,
    (OrderRequest, "shipping_address/line2"): False,
    (OrderRequest, "shipping_address/city"): True,
    (OrderRequest, "shipping_address/region"): False,
    (OrderRequest, "shipping_address/postal_code"): True,
    (ProductRequest, "name"): True,
    (ProductRequest, "description"): True,
    (Review, "note"): False,
}
# Lambda's limit for an answer, and what its runtime for Python 3.13 makes of one: JSON in which only quotes,
# backslashes and control characters are escaped (Lambda Developer Guide, "Lambda quotas"; awslambdaric,
# lambda_runtime_marshaller).
MOST_BYTES = 6 * 1024 * 1024


def test_every_text_of_every_request_is_in_the_table() -> None:
    free = {
        (model, where) for model in TAKEN for schema in [model.model_json_schema()] for where in _free(schema, schema)
    }
    assert free == TEXTS.keys()


def _free(schema: dict[str, Any], whole: dict[str, Any], where: str = "") -> Iterator[str]:
    """Where a string is not held to a pattern or to a list of words."""
    if "$ref" in schema:
        yield from _free(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, where)
    for inner in schema.get("anyOf", []):
        yield from _free(inner, whole, where)
    for name, inner in schema.get("properties", {}).items():
        yield from _free(inner, whole, f"{where}/{name}".lstrip("/"))
    if "items" in schema:
        yield from _free(schema["items"], whole, f"{where}[]")
    if schema.get("type") == "string" and not schema.keys() & {"pattern", "enum", "const"}:
        yield where


def refused(model: type[BaseModel], where: str, text: str) -> bool:
    """Whether exactly this place is pointed to."""
    body = deepcopy(TAKEN[model])
    *path, last = where.split("/")
    node = body
    for step in path:
        node = node[step]
    node[last] = text
    try:
        model.model_validate(body)
    except ValidationError as error:
        return ["/".join(map(str, found["loc"])) for found in error.errors()] == [where]
    return False


EVERYWHERE = pytest.mark.parametrize(("model", "where"), TEXTS, ids=lambda value: getattr(value, "__name__", value))


@EVERYWHERE
def test_control_characters_are_refused_in_every_text(model: type[BaseModel], where: str) -> None:
    """C0, DEL and C1, line breaks included: stored, they would reach terminals raw (CWE-150)."""
    for number in (*range(0x20), *range(0x7F, 0xA0)):
        assert refused(model, where, f"a{chr(number)}b"), hex(number)


@EVERYWHERE
def test_the_mark_of_bytes_that_are_no_utf_8_is_refused_in_every_text(model: type[BaseModel], where: str) -> None:
    assert refused(model, where, b"Z\xfcrich".decode(errors="replace"))


@EVERYWHERE
@pytest.mark.parametrize(
    "blank",
    [
        *(
            "   ",
            "\xa0",
            "\u3000",
            "\u2028",
            "\u200b",
            "\u2060\ufeff",
            "\u00ad",
            "\u200d\u200e",
            "\u180e",
            "\U000e0020",
        ),
        *("\u3164", "\u115f\u1160\uffa0", "\u2800", "\u034f", "\ufe0f", "\u0301", "\ue000", "\u0378"),
    ],
    ids=ascii,
)
def test_a_required_text_has_something_to_be_seen(model: type[BaseModel], where: str, blank: str) -> None:
    assert refused(model, where, blank) == TEXTS[model, where]


@EVERYWHERE
@pytest.mark.parametrize(
    "text", ["x", "7", "·", "-", "茶", "\u200fמ", "e\u0301", "👩\u200d💻", "❤\ufe0f", " a ", "한", "กำ", "€"], ids=ascii
)
def test_what_can_be_seen_is_taken_in_any_script(model: type[BaseModel], where: str, text: str) -> None:
    assert not refused(model, where, text)


def test_an_order_that_was_taken_before_a_rule_was_is_still_read() -> None:
    """What is asked of new orders must not hide old ones from their customers, the reconciler and the outbox."""
    row = an_order().model_dump(mode="json")
    row["shipping_address"] |= {"name": "\x1b[2J", "line1": "  ", "postal_code": "\u200b"}
    assert Order.model_validate(row).shipping_address.postal_code == "\u200b"


# ── How large an answer can become ────────────────────────────────────────────────────────────────────────────────────


def sent(body: dict[str, Any]) -> int:
    """Bytes of a function's answer, as Lambda's runtime writes it."""

    @endpoint
    def answer(_request: Request) -> Response:
        return Response(200, body)  # type: ignore[arg-type]

    return len(json.dumps(answer({}, None), ensure_ascii=False).encode())


def widest() -> str:
    """The character that takes most bytes in an answer, of those that a text may hold."""
    taken = (
        chr(number)
        for number in range(sys.maxunicode + 1)
        if not (0xD800 <= number < 0xE000 or number < 0x20 or 0x7F <= number < 0xA0)
    )
    return max(
        taken, key=lambda text: len(json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False).encode())
    )


def test_the_longest_page_of_orders_fits_into_an_answer() -> None:
    """100 orders of 50 lines, each text as long as it may be and of the character that takes most bytes."""
    wide = widest()
    assert not refused(OrderRequest, "shipping_address/name", wide)
    order = an_order(
        status=OrderStatus.AWAITING_REVIEW,
        lines=tuple(
            OrderLine(
                sku="S" * 64,
                quantity=99,
                name=wide * _longest(ProductRequest, "name"),
                unit_price=Money(amount=1_000_000_000),
            )
            for _ in range(50)
        ),
        shipping_address={
            where.partition("/")[2]: wide * _longest(OrderRequest, where)
            for model, where in TEXTS
            if model is OrderRequest
        }
        | {"country": "US"},
        reason="payment_insufficient_funds",
        attention={"reason": "settlement_failed", "since": NOW},
    )
    assert sent(page("orders", [order_view(order)] * MAX_LIMIT, ("2026-03-01T12:00:00.000000Z", "x" * 36))) < MOST_BYTES


def test_the_longest_page_of_products_fits_into_an_answer() -> None:
    wide = widest()
    entry = {
        "name": wide * _longest(ProductRequest, "name"),
        "description": wide * _longest(ProductRequest, "description"),
        "price": {"amount": 1_000_000_000, "currency": "USD"},
        "image": "i" * 500,
    }
    product = inventory.upserted(None, "S" * 64, ProductRequest.model_validate(entry), NOW)
    assert sent(page("products", [product_view(product)] * MAX_LIMIT, ["S" * 64])) < MOST_BYTES


def _longest(model: type[BaseModel], where: str) -> int:
    schema = whole = model.model_json_schema()
    for step in where.split("/"):
        schema = schema["properties"][step]
        schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        schema = next((inner for inner in schema.get("anyOf", []) if inner["type"] == "string"), schema)
    longest: int = schema["maxLength"]
    return longest
