"""Whatever is sent, the front door answers with a precise refusal, and nothing moves."""

import json
import unicodedata
import uuid
from typing import Any

import pytest

from tests.support.eventually import eventually, until
from tests.support.shop import HOME, Goods, Order, Person, RunningShop, taken

pytestmark = pytest.mark.e2e

type Answers = dict[str, tuple[int, str]]
PROBLEM = "application/problem+json"


@pytest.fixture
def mug(shop: RunningShop) -> Goods:
    return shop.sells(stock=5, price=1000)


def body_of(mug: Goods, **changes: Any) -> dict[str, Any]:
    return {"lines": [mug.line()], "payment_method": "pm_visa", "shipping_address": HOME, **changes}


def answers_to(person: Person, bodies: dict[str, str | bytes], content_type: str = "application/json") -> Answers:
    """What POST /orders says to each of these: status and media type."""
    answers = {}
    for name, body in bodies.items():
        headers = {"Content-Type": content_type, "Idempotency-Key": str(uuid.uuid4())}
        answer = person.asks("POST", "orders", content=body, headers=headers)
        answers[name] = (answer.status_code, answer.headers["Content-Type"])
    return answers


def all_refused(bodies: dict[str, Any], status: int = 400) -> Answers:
    return dict.fromkeys(bodies, (status, PROBLEM))


def test_the_price_is_the_catalogues_at_the_time_of_ordering(shop: RunningShop, mug: Goods, customer: Person) -> None:
    """Scenario 25."""
    order = customer.orders(2 * mug)
    shop.prices(mug, 1500)
    until(lambda: shop.known(mug), lambda known: bool(known and known["price"]["amount"] == 1500), "the new price")

    refused = customer.tries_to_order(2 * mug, expected_total=2000)
    accepted = customer.tries_to_order(2 * mug, expected_total=3000)

    order.becomes("CONFIRMED")
    assert order.charge == taken(2000)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:cartwheel:problem:price-changed")
    assert refused.json()["quote"]["total"] == {"amount": 3000, "currency": "USD"}
    later = Order(shop, accepted.json()["order_id"])
    later.becomes("CONFIRMED")
    assert later.charge == taken(3000)


def test_a_quantity_is_a_whole_number_from_1_to_99(shop: RunningShop, mug: Goods, customer: Person) -> None:
    """Scenario 26."""
    quantities = ["0", "-1", "100", "1.5", "1.0", '"2"', "true", "null", "2147483648", "9223372036854775808"]
    quantities += ["1e400", "-1e400", "NaN", "Infinity", "1e1", "[1]", "{}"]
    body = json.dumps(body_of(mug, lines=[{"sku": mug.sku, "quantity": "Q"}]))
    bodies: dict[str, str | bytes] = {quantity: body.replace('"Q"', quantity) for quantity in quantities}

    assert answers_to(customer, bodies) == all_refused(bodies)
    assert shop.stock(mug) == (5, 0)


def test_what_is_no_order_in_json_is_refused(mug: Goods, customer: Person) -> None:
    """Scenario 27."""
    good = json.dumps(body_of(mug))
    bodies: dict[str, str | bytes] = {
        "nothing": "",
        "cut off": good[:-1],
        "two documents": good + good,
        "trailing comma": good[:-1] + ",}",
        "a list": "[]",
        "a string": '"order"',
        "null": "null",
        "a name twice": '{"lines": [], ' + good[1:],
        "nested deeply": '{"lines":' * 7_000,
        "a deep list": "[" * 30_000 + "]" * 30_000,
        "not UTF-8": b'{"lines": "\xff\xfe"}',
        "UTF-16": good.encode("utf-16"),
        "lines of numbers": json.dumps(body_of(mug, lines=[1, 2])),
        "lines as an object": json.dumps(body_of(mug, lines={})),
        "no lines": json.dumps(body_of(mug, lines=[])),
        "one sku in two lines": json.dumps(body_of(mug, lines=[mug.line(), mug.line()])),
        "an unknown field": json.dumps(body_of(mug, total=1)),
        "an unknown method": json.dumps(body_of(mug, payment_method="pm_free")),
        "a method list": json.dumps(body_of(mug, payment_method=["pm_visa"])),
        "no address": json.dumps(body_of(mug, shipping_address=None)),
        "an address in words": json.dumps(body_of(mug, shipping_address="here")),
        "a country in words": json.dumps(body_of(mug, shipping_address={**HOME, "country": "Utopia"})),
        "an odd sku": json.dumps(body_of(mug, lines=[{"sku": "../etc", "quantity": 1}])),
        "a number as a sku": json.dumps(body_of(mug, lines=[{"sku": 7, "quantity": 1}])),
        "a negative expectation": json.dumps(body_of(mug, expected_total={"amount": -1, "currency": "USD"})),
    }

    assert answers_to(customer, bodies) == all_refused(bodies)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", "", "application/json; charset=latin1"]
)
def test_another_content_type_is_refused(mug: Goods, customer: Person, content_type: str) -> None:
    """Scenario 27."""
    assert answers_to(customer, {"": json.dumps(body_of(mug))}, content_type) == all_refused({"": 0}, 415)


def test_a_refusal_points_at_what_is_wrong(mug: Goods, customer: Person) -> None:
    body = body_of(mug, lines=[mug.line(), {"sku": "NO-SUCH", "quantity": 0}], shipping_address={**HOME, "city": ""})

    refused = customer.asks("POST", "orders", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    assert {error["pointer"] for error in refused.json()["errors"]} == {"/lines/1/quantity", "/shipping_address/city"}
    assert refused.json()["instance"].endswith("/orders")
    unknown = customer.tries_to_order(mug, Goods("NO-SUCH-PRODUCT"))
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/lines/1/sku")


def test_what_is_too_large_is_refused(shop: RunningShop, mug: Goods, customer: Person) -> None:
    """Scenario 28."""
    lines = [{"sku": f"SKU-{number}", "quantity": 1} for number in range(10_000)]
    bodies: dict[str, str | bytes] = {
        "ten thousand lines": json.dumps(body_of(mug, lines=lines)),
        "a name of 100,000": json.dumps(body_of(mug, shipping_address={**HOME, "name": "x" * 100_000})),
        "a megabyte of space": json.dumps(body_of(mug)) + " " * 1_000_000,
    }
    assert answers_to(customer, bodies) == all_refused(bodies, 413)

    long = {
        "51 lines": json.dumps(body_of(mug, lines=lines[:51])),
        "a name of 201": json.dumps(body_of(mug, shipping_address={**HOME, "name": "x" * 201})),
        "a sku of 65": json.dumps(body_of(mug, lines=[{"sku": "x" * 65, "quantity": 1}])),
    }
    assert answers_to(customer, dict(long)) == all_refused(long)
    assert shop.stock(mug) == (5, 0)


def test_the_longest_text_that_is_allowed_travels_all_the_way(shop: RunningShop, customer: Person) -> None:
    """Scenario 28: the largest orders and names stay below the bus's limit."""
    goods = shop.sells_each([1] * 50, name="𝄞" * 200)
    address = {**HOME, "name": "𝄞" * 200, "line1": "𝄞" * 200, "line2": "𝄞" * 200, "city": "𝄞" * 100}

    answer = customer.tries_to_order(*goods, to=address)

    assert answer.status_code == 201, answer.text
    assert answer.json()["shipping_address"]["name"] == "𝄞" * 200
    order = Order(shop, answer.json()["order_id"])
    order.becomes("CONFIRMED")
    assert order.charge == taken(50_000)
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (None, 400),
        ("", 400),
        ("k" * 256, 400),
        ("schlüssel", 400),
        ("tab\tinside", 400),
        ("k" * 255, 201),
        ("with spaces, and ~!", 201),
    ],
)
def test_a_key_is_1_to_255_printable_ascii_characters(
    mug: Goods, customer: Person, key: str | None, status: int
) -> None:
    """Scenario 7."""
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    answer = customer.asks("POST", "orders", json=body_of(mug), headers=headers)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type"])
def test_two_headers_of_a_kind_that_is_there_once_are_refused(mug: Goods, customer: Person, name: str) -> None:
    """Scenario 7."""
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    twice = [*headers.items(), (name, headers[name])]

    answer = customer.asks("POST", "orders", content=json.dumps(body_of(mug)), headers=twice)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:cartwheel:problem:repeated-header")


def test_a_quoted_key_and_a_bare_one_are_the_same(mug: Goods, customer: Person) -> None:
    """Scenario 7."""
    key = str(uuid.uuid4())

    bare, quoted = customer.tries_to_order(mug, key=key), customer.tries_to_order(mug, key=f'"{key}"')

    assert bare.json()["order_id"] == quoted.json()["order_id"]
    assert quoted.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "name",
    [
        "👩‍👩‍👧‍👦 Family",
        "أحمد بن محمد",
        unicodedata.normalize("NFC", "Zoë Åström"),
        unicodedata.normalize("NFD", "Zoë Åström"),
        "<script>alert('name')</script>",
        "\u202eevil\u202c {{7*7}} ${7*7}",
    ],
)
def test_a_name_in_any_script_comes_back_as_it_was_written_and_mails_escape_it(
    shop: RunningShop, customer: Person, name: str
) -> None:
    """Scenario 31."""
    mug = shop.sells(stock=1, name=f"Mug for {name}")

    answer = customer.tries_to_order(mug, to={**HOME, "name": name})

    order = Order(shop, answer.json()["order_id"])
    order.becomes("CONFIRMED")
    assert customer.looks_at(order).json()["shipping_address"]["name"] == name
    assert order.now["lines"][0]["name"] == f"Mug for {name}"
    eventually(lambda: order.mails, ["OrderPlaced", "OrderConfirmed"])
    # What turns the direction of a line stays in what is stored, and does nothing to who reads a mail.
    shown = name.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")
    for letter in shop.notifications(order):
        assert "<script>" not in letter["html"]
        assert f"Mug for {shown}" in letter["text"]


def test_text_that_cannot_be_kept_is_refused(mug: Goods, customer: Person) -> None:
    """Scenario 31."""
    written = json.dumps(body_of(mug, shipping_address={**HOME, "name": "NAME"}))
    bodies: dict[str, str | bytes] = {
        "NUL": written.replace("NAME", "a\\u0000b"),
        "a lone high surrogate": written.replace("NAME", "\\ud83d"),
        "a lone low surrogate": written.replace("NAME", "\\ude00x"),
        "no UTF-8": written.encode().replace(b"NAME", b"Z\xfcrich"),
        "a terminal's command": written.replace("NAME", "\\u001b[2J"),
        "a C1 control character": written.replace("NAME", "\x9b2J"),
        "a byte order mark": "\ufeff" + written,
        "nothing to be seen": written.replace("NAME", "\u200b \u3164"),
    }

    assert answers_to(customer, bodies) == all_refused(bodies)


def test_no_route_answers_5xx_to_nonsense(customer: Person, operator: Person) -> None:
    """Scenarios 26 and 27: a little of everything on every route that takes a body, a path or a query."""
    nonsense = ["", "{", "[]", "null", "{}", '{"quantity": 1e400}', '{"events": [{}]}', '{"decision": 1}', '"\\ud800"']
    routes = [
        ("PUT", "products/MUG-STONE-350"),
        ("PUT", "products/%00"),
        ("POST", "products/MUG-STONE-350/restock"),
        ("POST", "orders"),
        ("POST", "orders/ord_1/cancellation"),
        ("POST", "orders/ord_1/review"),
        ("POST", "clicks"),
    ]
    key = {"Idempotency-Key": "nonsense", "Content-Type": "application/json"}
    said = {
        (method, path, body): operator.asks(method, path, content=body, headers=key).status_code
        for method, path in routes
        for body in nonsense
    }
    said |= {
        ("GET", path, ""): customer.asks("GET", path).status_code
        for path in (
            *[f"{listed}?limit={limit}" for listed in ("orders", "products") for limit in (0, -1, 101, "x", "1e9")],
            *[
                f"{listed}?cursor={cursor}"
                for listed in ("orders", "products")
                for cursor in ("x", "%00", "e30=", "W10")
            ],
            *[f"trending?minutes={minutes}" for minutes in (0, -5, "x", 10**12)],
            *["products/%2e%2e", "products/%F0%9F%98%80", "orders/%00", "orders/" + "x" * 2000, "orders/a%2Fb"],
        )
    }

    assert {asked: status for asked, status in said.items() if not 400 <= status < 500} == {}
