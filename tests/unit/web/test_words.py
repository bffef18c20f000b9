"""The pages know what the services know: events, reasons, cards, limits, and the people of a fresh shop."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from contracts.events import EVENTS
from deployed import seeding, users
from order.domain import PaymentMethod

ASSETS = Path("web/site/assets")
API: dict[str, Any] = yaml.safe_load(Path("api/openapi.yaml").read_text())["components"]["schemas"]
WORDS = (ASSETS / "order/words.js").read_text()
JOURNEY = (ASSETS / "order/journey.js").read_text()


def number(module: str, name: str) -> int:
    found = re.search(rf"{name} = ([\d_]+)", (ASSETS / module).read_text())
    assert found
    return int(found[1].replace("_", ""))


@pytest.mark.parametrize(
    "event", [name for name, event in ((event.__name__, event) for event in EVENTS) if "order_id" in event.model_fields]
)
def test_every_event_of_an_order_has_words(event: str) -> None:
    assert re.search(rf"^  {event}: \(", WORDS, re.MULTILINE)


@pytest.mark.parametrize("status", API["OrderStatus"]["enum"])
def test_every_status_has_words(status: str) -> None:
    assert re.search(rf"^  {status}: {{ label", WORDS, re.MULTILINE)
    assert re.search(rf"\b{status}: \"", WORDS)


def test_every_reason_of_the_checkout_has_words() -> None:
    reasons = re.findall(r"reason: ([a-z_]+)$", Path("workflows/checkout.asl.yaml").read_text(), re.MULTILINE)
    assert reasons
    for reason in [*reasons, "payment_declined", "payment_insufficient_funds", "review_rejected", "review_expired"]:
        assert re.search(rf"^  {reason}: ", WORDS, re.MULTILINE), reason


def test_every_card_of_the_gateway_is_explained() -> None:
    explained = re.findall(r'method: "(pm_[a-z_]+)"', (ASSETS / "checkout/test-cards.js").read_text())
    assert sorted(explained) == sorted(get_args(PaymentMethod))


def test_the_cart_takes_no_more_than_an_order_may_have() -> None:
    assert number("cart.js", "MOST_OF_ONE") == API["RequestedLine"]["properties"]["quantity"]["maximum"]
    assert number("cart.js", "MOST_LINES") == API["OrderRequest"]["properties"]["lines"]["maxItems"]
    assert number("clicks.js", "MOST") == API["ClicksRequest"]["properties"]["events"]["maxItems"]


def test_the_address_form_asks_what_the_api_asks() -> None:
    form = (ASSETS / "checkout/address.js").read_text()
    for name, rule in API["Address"]["properties"].items():
        field = re.search(rf'{{ name: "{name}",[^\n]*', form)
        assert field, name
        assert ("required: false" not in field[0]) == (name in API["Address"]["required"]), name
        if "maxLength" in rule:
            assert f"maxlength: {rule['maxLength']}" in field[0], name


def test_the_demonstration_people_are_those_of_a_fresh_shop() -> None:
    text = (ASSETS / "account/demonstration.js").read_text()
    assert f'DEMONSTRATION_PASSWORD = "{users._LOCAL_PASSWORD}"' in text
    named = set(re.findall(r'email: "([^@]+)@example\.com"', text))
    assert named <= {*seeding.CUSTOMERS, *seeding.OPERATORS}
    assert named & {*seeding.CUSTOMERS}
    assert named & {*seeding.OPERATORS}
