"""A version of an event, once published, keeps its promises to those who read it."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from contracts.envelope import EventData
from contracts.events import EVENTS
from contracts.order import OrderPlaced
from schemas import published
from schemas.models import Schema, detail_schema
from schemas.published import breaks


def test_every_event_is_published_as_it_stands() -> None:
    for path, text in published.files().items():
        assert path.exists(), "run `make schemas`"
        assert path.read_text() == text, "run `make schemas`"


def test_no_event_breaks_its_published_version() -> None:
    assert published.breaking_changes() == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_earlier_version_stays_on_record(event: type[EventData]) -> None:
    names = {path.name for path in published.FOLDER.iterdir()}
    assert {f"{event.__name__}.v{version}.json" for version in range(1, event.version + 1)} <= names


# ── The comparison itself: planted changes ────────────────────────────────────────────────────────────────────────────

type Change = Callable[[Schema], None]


def changed(change: Change) -> list[str]:
    """What `change` of the OrderPlaced that stands would break."""
    after = deepcopy(detail_schema(OrderPlaced))
    change(after)
    return breaks(detail_schema(OrderPlaced), after)


def data(schema: Schema) -> Any:
    return schema["$defs"]["OrderPlaced"]


def money(schema: Schema) -> Any:
    return schema["$defs"]["Money"]


def remove_a_field(schema: Schema) -> None:
    del data(schema)["properties"]["payment_method"]
    data(schema)["required"].remove("payment_method")


def rename_a_field(schema: Schema) -> None:
    fields = data(schema)["properties"]
    fields["grand_total"] = fields.pop("total")
    data(schema)["required"] = ["grand_total" if name == "total" else name for name in data(schema)["required"]]


def change_a_type(schema: Schema) -> None:
    money(schema)["properties"]["amount"]["type"] = "number"


def require_a_new_field(schema: Schema) -> None:
    data(schema)["properties"]["gift"] = {"type": "boolean"}
    data(schema)["required"].append("gift")


def require_an_optional_field(schema: Schema) -> None:
    money(schema)["required"].append("currency")


def let_a_field_be_absent(schema: Schema) -> None:
    data(schema)["required"].remove("customer_id")


def let_a_field_be_null(schema: Schema) -> None:
    fields = data(schema)["properties"]
    fields["payment_method"] = {"anyOf": [fields["payment_method"], {"type": "null"}]}


def widen_a_pattern(schema: Schema) -> None:
    money(schema)["properties"]["currency"]["pattern"] = "^[A-Z]{3,4}$"


def narrow_a_bound(schema: Schema) -> None:
    schema["$defs"]["OrderLine"]["properties"]["quantity"]["minimum"] = 2


def change_a_format(schema: Schema) -> None:
    data(schema)["properties"]["placed_at"]["format"] = "date"


def make_one_of_many(schema: Schema) -> None:
    data(schema)["properties"]["lines"] = data(schema)["properties"]["lines"]["items"]


def change_what_a_list_holds(schema: Schema) -> None:
    data(schema)["properties"]["lines"]["items"] = {"type": "string"}


def drop_from_the_envelope(schema: Schema) -> None:
    del schema["properties"]["correlation_id"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (remove_a_field, "detail.data.payment_method is gone"),
        (rename_a_field, "detail.data.total is gone"),
        (change_a_type, "type of detail.data.total.amount"),
        (require_a_new_field, "detail.data.gift is required now"),
        (require_an_optional_field, "detail.data.total.currency is required now"),
        (let_a_field_be_absent, "detail.data.customer_id may be absent now"),
        (let_a_field_be_null, "detail.data.payment_method"),
        (widen_a_pattern, "pattern of detail.data.total.currency"),
        (narrow_a_bound, "minimum of detail.data.lines[].quantity"),
        (change_a_format, "format of detail.data.placed_at"),
        (make_one_of_many, "detail.data.lines"),
        (change_what_a_list_holds, "detail.data.lines[]"),
        (drop_from_the_envelope, "detail.correlation_id is gone"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_breaking_change_is_found(change: Change, where: str) -> None:
    assert any(where in sentence for sentence in changed(change))


def add_an_optional_field(schema: Schema) -> None:
    data(schema)["properties"]["gift"] = {"type": "boolean", "default": False}


def add_an_optional_field_to_a_line(schema: Schema) -> None:
    schema["$defs"]["OrderLine"]["properties"]["size"] = {"type": "string"}


def reword_a_description(schema: Schema) -> None:
    money(schema)["description"] = "Cents."


def rename_a_value_type(schema: Schema) -> None:
    renamed = json.loads(json.dumps(schema).replace("#/$defs/Money", "#/$defs/Price"))
    renamed["$defs"]["Price"] = renamed["$defs"].pop("Money")
    schema.clear()
    schema.update(renamed)


@pytest.mark.parametrize(
    "change",
    [add_an_optional_field, add_an_optional_field_to_a_line, reword_a_description, rename_a_value_type],
    ids=lambda change: change.__name__,
)
def test_compatible_change_passes(change: Change) -> None:
    assert changed(change) == []


def test_a_value_added_to_an_enumeration_breaks_those_who_know_only_the_others() -> None:
    before = {"properties": {"decision": {"type": "string", "enum": ["approved", "rejected"]}}}
    after = {"properties": {"decision": {"type": "string", "enum": ["approved", "rejected", "postponed"]}}}
    assert breaks(before, after)
