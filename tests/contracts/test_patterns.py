"""Every rule and subscription in the templates hears something, and asks for nothing that does not exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.events import EVENTS
from contracts.order import OrderReviewed
from schemas.flow import TOPIC_SOURCE, Subscription, consumers, on_bus, on_topic, subscriptions, subscriptions_in
from tools.expand import expand_text

SUBSCRIPTIONS = subscriptions()
SOURCES = {event.source for event in EVENTS}
TYPES = {event.__name__ for event in EVENTS}


def faults(subscription: Subscription) -> Iterator[str]:
    """What is wrong with a rule's pattern or a subscription's filter."""
    heard = {event.__name__ for event in EVENTS if subscription.selects(event)}
    if not heard:
        yield "matches no event"
    pattern, ordered = subscription.pattern, subscription.channel == "orderUpdates"
    exists = {event.__name__ for event in EVENTS if event.source == TOPIC_SOURCE} if ordered else TYPES
    asked = _literals(pattern.get("type" if ordered else "detail-type"))
    yield from (f"no such event: {name}" for name in sorted(asked - exists))
    yield from (f"no such source: {name}" for name in sorted(_literals(pattern.get("source")) - SOURCES))
    # A type that the rest of the pattern shuts out is named in vain.
    yield from (f"{name} can never match" for name in sorted(asked & exists - heard))


def _literals(conditions: Any) -> set[str]:
    return {condition for condition in conditions or [] if isinstance(condition, str)}


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda found: f"{found.template}:{found.logical_id}")
def test_every_pattern_can_match(subscription: Subscription) -> None:
    assert list(faults(subscription)) == []


def test_there_are_patterns_of_both_kinds() -> None:
    assert {found.channel for found in SUBSCRIPTIONS} == {"bus", "orderUpdates"}


def test_every_event_of_an_order_reaches_its_timeline_and_no_other_does() -> None:
    (timeline,) = (found for found in consumers() if found.name == "order.record_timeline")
    assert timeline.events == tuple(event for event in EVENTS if "order_id" in event.model_fields)


def test_closing_events_reach_the_settlement() -> None:
    (settle,) = (found for found in consumers() if found.name == "payment.settle")
    assert {event.__name__ for event in settle.events} == {"OrderRejected", "OrderCancelled"}


def test_a_queue_without_a_filter_gets_all_of_the_topic() -> None:
    (bridge,) = (found for found in consumers() if found.name == "kafka.bridge")
    assert bridge.channel == "orderUpdates"
    assert bridge.events == tuple(event for event in EVENTS if event.source == TOPIC_SOURCE)


# ── The check itself: planted patterns ────────────────────────────────────────────────────────────────────────────────


def rule(pattern: dict[str, Any]) -> Subscription:
    return Subscription(Path("planted.yaml"), "Planted", "bus", pattern, (), on_bus(pattern))


def subscription(policy: dict[str, Any], scope: str = "MessageAttributes") -> Subscription:
    return Subscription(Path("planted.yaml"), "Planted", "orderUpdates", policy, (), on_topic(policy, scope))


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        (rule({"source": ["shop.order"], "detail-type": ["OrderPlacd"]}), "no such event: OrderPlacd"),
        (rule({"source": ["shop.orders"], "detail-type": ["OrderPlaced"]}), "no such source: shop.orders"),
        (rule({"source": ["shop.payment"], "detail-type": ["OrderPlaced"]}), "matches no event"),
        (rule({"source": ["shop.order"], "detail-type": ["OrderPlaced", "StockLow"]}), "StockLow can never match"),
        (rule({"detail": {"data": {"decision": ["postponed"]}}}), "matches no event"),
        (rule({"detail": {"order_id": [{"exists": True}]}}), "matches no event"),
        (subscription({"type": ["OrderShipped"]}), "no such event: OrderShipped"),
        (subscription({"type": ["PaymentCaptured"]}), "no such event: PaymentCaptured"),
        (subscription({"kind": ["OrderPlaced"]}), "matches no event"),
        (subscription({"detail-type": ["OrderPlaced"]}), "matches no event"),
    ],
)
def test_impossible_pattern_is_found(planted: Subscription, fault: str) -> None:
    assert fault in list(faults(planted))


@pytest.mark.parametrize(
    "planted",
    [
        rule({"source": [{"prefix": "shop."}]}),
        rule(
            {"source": ["shop.order"], "detail-type": ["OrderReviewed"], "detail": {"data": {"decision": ["rejected"]}}}
        ),
        rule({"detail-type": ["NotificationSent"], "detail": {"data": {"kept": [True]}}}),
        subscription({"type": [{"prefix": "Order"}]}),
        subscription({"detail-type": ["OrderPlaced"]}, scope="MessageBody"),
    ],
)
def test_possible_pattern_passes(planted: Subscription) -> None:
    assert list(faults(planted)) == []


def test_a_pattern_hears_only_the_examples_that_it_asks_for() -> None:
    approved = rule({"detail": {"data": {"decision": ["approved"]}}})
    assert [event for event in EVENTS if approved.selects(event)] == [OrderReviewed]


def test_a_rule_whose_queue_nobody_reads_is_refused() -> None:
    template = expand_text("""
        Resources:
          Queue:
            Type: AWS::SQS::Queue
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern:
                source:
                  - shop.order
              Targets:
                - Id: queue
                  Arn: !GetAtt Queue.Arn
        """)
    with pytest.raises(ValueError, match="nothing reads Queue"):
        list(subscriptions_in(Path("planted.yaml"), template))
