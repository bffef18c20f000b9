"""What holds for every event: somebody produces it, it names no person, its id repeats, and strangers are refused."""

import ast
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.envelope import Envelope, EventData, UnknownVersion, envelop, event_id, opened
from contracts.events import EVENTS
from contracts.inventory import ProductUpdated
from contracts.order import OrderCancelled, OrderPlaced
from contracts.types import Money
from order.summary import _SENTENCES, summary
from schemas.examples import example, examples
from schemas.files import ROOT
from schemas.models import components, service_of

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)


def _leaves(event_class: type[EventData]) -> Iterator[type[EventData]]:
    below = event_class.__subclasses__()
    if not below and event_class.__module__.startswith("contracts."):
        yield event_class
    for subclass in below:
        yield from _leaves(subclass)


def test_the_catalogue_is_complete() -> None:
    assert set(EVENTS) == set(_leaves(EventData))
    assert len({event.__name__ for event in EVENTS}) == len(EVENTS)


@each_event
def test_source_is_the_service_and_the_name_is_in_the_past_tense(event: type[EventData]) -> None:
    assert (ROOT / "services" / service_of(event)).is_dir()
    assert event.__name__.endswith(("ed", "Sent", "Low", "Attention", "Review", "Returned"))


@each_event
def test_some_change_of_the_service_produces_it(event: type[EventData]) -> None:
    """Each service's own tests show which change; here, that its `events_of` can."""
    service = service_of(event)
    code = ast.parse((ROOT / "services" / service / "src" / service / "events.py").read_text())
    imported = {alias.name for node in ast.walk(code) if isinstance(node, ast.ImportFrom) for alias in node.names}
    used = {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}
    assert event.__name__ in imported & used


# ── The timeline ──────────────────────────────────────────────────────────────────────────────────────────────────────


@each_event
def test_an_order_s_event_has_a_sentence_in_its_timeline(event: type[EventData]) -> None:
    if "order_id" not in event.model_fields:
        return
    for published in examples(event):
        sentence = summary(published.type, published.model_dump(mode="json")["data"])
        assert sentence
        assert not any(debris in sentence for debris in ("{", "[", "None", "out_of_stock"))


def test_no_sentence_is_left_over() -> None:
    assert _SENTENCES.keys() == {event.__name__ for event in EVENTS if "order_id" in event.model_fields}


# ── No address, name or e-mail ────────────────────────────────────────────────────────────────────────────────────────

PERSONAL = (
    "address",
    "birth",
    "city",
    "country",
    "email",
    "line1",
    "line2",
    "phone",
    "postal",
    "recipient",
    "region",
    "street",
    "surname",
)


def personal_fields(schemas: dict[str, dict[str, Any]]) -> Iterator[str]:
    for named, schema in schemas.items():
        fields = schema.get("properties", {})
        for field in fields:
            if any(word in field.lower() for word in PERSONAL):
                yield f"{named}.{field}"
            # A name is a product's when a sku stands beside it.
            if "name" in field.lower() and "sku" not in fields:
                yield f"{named}.{field}"


@each_event
def test_no_event_says_who_or_where_a_person_is(event: type[EventData]) -> None:
    assert list(personal_fields(components(event))) == []


@pytest.mark.parametrize("field", ["name", "customer_name", "email", "shipping_address", "postal_code"])
def test_a_person_s_field_is_found(field: str) -> None:
    assert list(personal_fields({"OrderPlacedData": {"properties": {"order_id": {}, field: {}}}}))


# ── Ids ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("event_type", "entity_id", "version", "expected"),
    [
        ("OrderPlaced", "ord_1", 1, "b60cf57d-1474-5b9c-99f5-d0f0573168cc"),
        ("OrderCancelled", "ord_1", 2, "9a62b754-47fb-5eb7-91e7-093f5b9381b9"),
        ("ProductUpdated", "MUG-ENAMEL-12", 7, "76545645-f661-5451-a90b-f0e279491d53"),
    ],
)
def test_event_ids_never_change(event_type: str, entity_id: str, version: int, expected: str) -> None:
    """What was published before an upgrade must be recognized when it is published again after it."""
    assert event_id(event_type, entity_id, version) == UUID(expected)


def test_an_id_is_of_one_event_of_one_version_of_one_entity() -> None:
    ids = {
        event_id(event.__name__, entity, version)
        for event in EVENTS
        for entity in ("a", "b", "a/1")
        for version in (1, 2)
    }
    assert len(ids) == len(EVENTS) * 3 * 2


def test_saying_the_same_change_again_repeats_the_id() -> None:
    change = {"entity_id": "ord_1", "entity_version": 2, "correlation_id": "ord_1"}
    data = OrderCancelled(order_id="ord_1", customer_id="c", total=Money(amount=1), reason="cancelled_by_customer")
    first = envelop(data, occurred_at=datetime(2026, 1, 1, tzinfo=UTC), **change)  # type: ignore[arg-type]
    again = envelop(data, occurred_at=datetime(2026, 1, 2, tzinfo=UTC), **change)  # type: ignore[arg-type]
    assert first.event_id == again.event_id


# ── Scenario 32: unknown versions, unknown fields ─────────────────────────────────────────────────────────────────────


@each_event
def test_an_event_survives_the_journey(event: type[EventData]) -> None:
    for sent in examples(event):
        assert opened(json.loads(json.dumps(sent.as_published())), *EVENTS) == sent


@each_event
def test_scenario_32_an_unknown_version_is_refused(event: type[EventData]) -> None:
    published = example(event).as_published()
    published["detail"]["version"] = event.version + 1
    with pytest.raises(UnknownVersion, match=f"{event.__name__} version {event.version + 1}"):
        opened(published, *EVENTS)


@each_event
def test_scenario_32_what_a_producer_adds_is_ignored(event: type[EventData]) -> None:
    sent = example(event)
    published = sent.as_published()
    published["detail"]["data"]["added"] = {"later": True}
    published["detail"]["added"] = published["added"] = 1
    assert opened(published, *EVENTS) == sent


def test_what_is_no_event_is_refused() -> None:
    published = example(OrderPlaced).as_published()
    without_total = {**published, "detail": {**published["detail"], "data": {"order_id": "ord_1"}}}
    with pytest.raises(ValidationError):
        opened(without_total, OrderPlaced)
    with pytest.raises(KeyError):
        opened(published, ProductUpdated)
    with pytest.raises(KeyError):
        opened({"detail-type": "OrderPlaced", "detail": {}}, OrderPlaced)


def test_times_travel_in_utc_to_the_microsecond() -> None:
    event: Envelope[Any] = example(OrderPlaced)
    moved = Envelope[OrderPlaced].model_validate(
        {**event.model_dump(), "occurred_at": datetime.fromisoformat("2026-01-01T12:00:00+02:00")}
    )
    assert moved.model_dump(mode="json")["occurred_at"] == "2026-01-01T10:00:00.000000Z"
