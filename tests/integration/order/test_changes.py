"""Confirm, reject, cancel, review, reconcile: each one conditional write, and exactly one of two that race wins."""

import itertools
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from contracts.envelope import Envelope, EventData, envelop
from contracts.payment import PaymentDeclined, PaymentRefunded, PaymentSettlementFailed, PaymentVoided
from contracts.types import Money
from order import attention, domain, store
from order.domain import Order, OrderClosed
from order.hold import OrderHeld
from shopkit.aws import client
from shopkit.optimistic import Contended
from tests.support.api_gateway import BOB, OPERATOR
from tests.support.interleaving import interleave
from tests.support.orders import MAX_RESTARTS, REVIEW_THRESHOLD, START, Orders, deliver, failed, wanted
from tests.support.tables import rows


def held(orders: Orders) -> str:
    order_id = orders.placed(wanted(payment_method="pm_review"))
    with pytest.raises(OrderHeld):
        orders.hold(order_id)
    return order_id


def event_types(orders: Orders) -> list[str]:
    return [event.type for event in orders.events()]


# ── Checkout ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_checkout_confirms_an_order_once(orders: Orders) -> None:
    order_id = orders.placed()
    assert orders.confirm(order_id) == orders.confirm(order_id) == {"order_id": order_id, "status": "CONFIRMED"}
    assert event_types(orders) == ["OrderPlaced", "OrderConfirmed"]


def test_a_confirmation_is_measured_once(orders: Orders, capsys: pytest.CaptureFixture[str]) -> None:
    order_id = orders.placed()
    orders.clock.forward(timedelta(seconds=2))
    orders.confirm(order_id)
    orders.clock.forward(timedelta(hours=1))
    orders.confirm(order_id)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "PlacedToConfirmed" in line]
    assert [line["PlacedToConfirmed"] for line in lines] == [[2000]]


def test_checkout_rejects_an_order_once_and_for_the_first_reason(orders: Orders) -> None:
    order_id = orders.placed()
    assert orders.reject(order_id, "out_of_stock") == {"order_id": order_id, "status": "REJECTED"}
    assert orders.reject(order_id, "checkout_failed") == {"order_id": order_id, "status": "REJECTED"}
    assert orders.get(order_id).body["reason"] == "out_of_stock"
    assert event_types(orders) == ["OrderPlaced", "OrderRejected"]


def test_checkout_cannot_confirm_a_closed_order(orders: Orders) -> None:
    order_id = orders.placed()
    orders.cancel(order_id)
    with pytest.raises(OrderClosed, match="CANCELLED"):
        orders.confirm(order_id)


def test_checkout_ends_when_it_asks_to_reject_an_order_that_was_decided_otherwise(orders: Orders) -> None:
    confirmed, cancelled = orders.placed(key="1"), orders.placed(key="2")
    orders.confirm(confirmed)
    orders.cancel(cancelled)
    assert orders.reject(confirmed)["status"] == "CONFIRMED"
    assert orders.reject(cancelled)["status"] == "CANCELLED"


@pytest.mark.parametrize("change", [Orders.confirm, Orders.reject, Orders.hold])
def test_an_order_that_is_not_there_cannot_change(orders: Orders, change: Callable[[Orders, str], Any]) -> None:
    with pytest.raises(KeyError):
        change(orders, "ord_nobody")


# ── Cancellation ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_customer_cancels_and_may_say_so_again(orders: Orders) -> None:
    order_id = orders.placed()
    first, again = orders.cancel(order_id), orders.cancel(order_id)
    assert (first.status, first.body["status"], first.body["reason"]) == (202, "CANCELLED", "cancelled_by_customer")
    assert (again.status, again.body) == (202, first.body)
    assert event_types(orders) == ["OrderPlaced", "OrderCancelled"]


def test_a_confirmed_order_can_still_be_cancelled(orders: Orders) -> None:
    order_id = orders.placed()
    orders.confirm(order_id)
    assert orders.cancel(order_id, OPERATOR).body["reason"] == "cancelled_by_operator"


def test_a_rejected_order_cannot_be_cancelled(orders: Orders) -> None:
    order_id = orders.placed()
    orders.reject(order_id)
    answer = orders.cancel(order_id)
    assert (answer.status, answer.problem) == (409, "order-closed")


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations_with_replacement([Orders.confirm, Orders.reject, Orders.cancel], 2)),
)
def test_scenario_21_of_two_changes_that_race_exactly_one_wins(
    orders: Orders, first: Callable[..., Any], second: Callable[..., Any]
) -> None:
    """The rest of the scenario, with money and stock, is told end to end."""
    chance = random.Random(21)
    for number in range(20):
        race(orders, f"key-{number}", chance, first, second)


def race(orders: Orders, key: str, chance: random.Random, *changes: Callable[..., Any]) -> None:
    """Places an order, lets both changes take turns at every AWS call, and looks at what is left."""
    order_id = orders.placed(key=key)
    outcomes: list[Any] = []

    def attempt(change: Callable[..., Any]) -> Callable[[], None]:
        def act() -> None:
            try:
                outcomes.append(change(orders, order_id))
            except OrderClosed as closed:
                outcomes.append(closed)

        return act

    interleave([attempt(change) for change in changes], lambda running: (chance.randrange(running), False))
    assert len(outcomes) == 2
    order = orders.order(order_id)
    closings = [event.type for event in orders.events() if event.correlation_id == order_id][1:]
    # Only a cancellation may follow another decision, and only a confirmation.
    assert closings in [["OrderConfirmed"], ["OrderRejected"], ["OrderCancelled"], ["OrderConfirmed", "OrderCancelled"]]
    assert order.version == 1 + len(closings)
    assert closings[-1] == f"Order{order.status.value.title()}"


# ── Review ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_held_order_waits_and_says_so_again(orders: Orders) -> None:
    order_id = held(orders)
    with pytest.raises(OrderHeld):
        orders.hold(order_id)
    assert orders.get(order_id).body["status"] == "AWAITING_REVIEW"
    assert event_types(orders) == ["OrderPlaced", "OrderHeldForReview"]


def test_an_order_over_the_threshold_is_held(orders: Orders) -> None:
    orders.learn("PIANO", REVIEW_THRESHOLD + 1)
    with pytest.raises(OrderHeld):
        orders.hold(orders.placed(wanted(("PIANO", 1))))


def test_an_ordinary_order_goes_on(orders: Orders) -> None:
    order_id = orders.placed()
    assert orders.hold(order_id) == {"order_id": order_id, "status": "PLACED"}
    orders.confirm(order_id)
    assert orders.hold(order_id)["status"] == "CONFIRMED"


def test_checkout_ends_at_the_hold_when_the_order_was_closed(orders: Orders) -> None:
    order_id = orders.placed()
    orders.cancel(order_id)
    with pytest.raises(OrderClosed):
        orders.hold(order_id)


def test_an_approved_order_goes_back_to_checkout_and_through_it(orders: Orders) -> None:
    order_id = held(orders)
    answer = orders.review(order_id, note="called the customer")
    assert (answer.status, answer.body["status"], answer.body["review"]) == (202, "PLACED", "approved")
    assert "called" not in answer.raw
    assert orders.hold(order_id)["status"] == "PLACED"
    orders.confirm(order_id)
    assert event_types(orders) == ["OrderPlaced", "OrderHeldForReview", "OrderReviewed", "OrderConfirmed"]


def test_a_disapproved_order_is_rejected(orders: Orders) -> None:
    order_id = held(orders)
    answer = orders.review(order_id, "reject")
    assert (answer.status, answer.body["status"], answer.body["reason"]) == (202, "REJECTED", "review_rejected")
    assert event_types(orders)[-2:] == ["OrderReviewed", "OrderRejected"]


def test_only_a_held_order_can_be_reviewed_and_only_once(orders: Orders) -> None:
    order_id = orders.placed(wanted(payment_method="pm_review"))
    assert orders.review(order_id).problem == "not-awaiting-review"
    with pytest.raises(OrderHeld):
        orders.hold(order_id)
    assert orders.review(order_id).status == 202
    assert orders.review(order_id).status == 409
    assert orders.review("ord_nobody").status == 404


@pytest.mark.parametrize("body", [{"decision": "maybe"}, {"decision": "approve", "note": "x" * 1001}, {}])
def test_a_decision_is_to_approve_or_to_reject(orders: Orders, body: dict[str, Any]) -> None:
    assert orders.review(held(orders), **{"decision": None, **body}).status == 400


def test_a_held_order_can_be_cancelled_and_then_not_reviewed(orders: Orders) -> None:
    order_id = held(orders)
    assert orders.cancel(order_id).body["status"] == "CANCELLED"
    assert orders.review(order_id).status == 409


# ── The reconciler ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def on_bus(orders: Orders) -> Callable[[], list[dict[str, Any]]]:
    """What reached the bus."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName="everything")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="bus", EventPattern=json.dumps({"source": [{"prefix": "shop."}]}))
    events.put_targets(Rule="all", EventBusName="bus", Targets=[{"Id": "queue", "Arn": arn}])

    def arrived() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return arrived


def test_scenario_22_a_lost_checkout_starts_again_by_the_same_event(
    orders: Orders, on_bus: Callable[[], list[dict[str, Any]]]
) -> None:
    orders.placed()
    orders.clock.forward(timedelta(minutes=11))
    assert orders.reconcile() == {"restarted": 1, "rejected": 0}
    (event,) = on_bus()
    (original,) = orders.events()
    assert (event["source"], event["detail-type"], event["detail"]) == tuple(original.as_published().values())
    # Not again before its time.
    assert orders.reconcile() == {"restarted": 0, "rejected": 0}


def test_scenario_22_an_order_that_stays_stuck_is_rejected(orders: Orders) -> None:
    order_id = orders.placed()
    for _ in range(MAX_RESTARTS):
        orders.clock.forward(timedelta(minutes=11))
        assert orders.reconcile() == {"restarted": 1, "rejected": 0}
    orders.clock.forward(timedelta(minutes=11))
    assert orders.reconcile() == {"restarted": 0, "rejected": 1}
    assert orders.get(order_id).body["reason"] == "checkout_stuck"
    assert event_types(orders) == ["OrderPlaced", "OrderRejected"]
    assert orders.reconcile() == {"restarted": 0, "rejected": 0}


def test_the_reconciler_leaves_young_held_confirmed_and_settled_orders_alone(
    orders: Orders, on_bus: Callable[[], list[dict[str, Any]]]
) -> None:
    held(orders)
    orders.confirm(orders.placed(key="confirmed"))
    settled = orders.placed(key="settled")
    orders.reject(settled)
    deliver(attention.handler, of_payment(PaymentVoided(order_id=settled, amount=Money(amount=2900)), settled, 2))
    orders.clock.forward(timedelta(hours=1))
    orders.placed(key="young")
    orders.cancel(orders.placed(key="just cancelled"))
    assert orders.reconcile() == {"restarted": 0, "rejected": 0}
    assert on_bus() == []


@pytest.mark.parametrize("closed", ["reject", "cancel"])
def test_a_closed_order_whose_settlement_died_unheard_is_settled_by_its_closing_again(
    orders: Orders, on_bus: Callable[[], list[dict[str, Any]]], closed: str
) -> None:
    order_id = orders.placed()
    getattr(orders, closed)(order_id)
    *_, closing = orders.events()
    for _ in range(2):
        orders.clock.forward(timedelta(minutes=11))
        assert orders.reconcile() == {"restarted": 0, "rejected": 0}
        (event,) = on_bus()
        assert (event["source"], event["detail-type"], event["detail"]) == tuple(closing.as_published().values())
        # Not again before its time, and nobody else hears of it.
        orders.reconcile()
        assert on_bus() == []
        assert orders.events()[-1] == closing

    deliver(attention.handler, of_payment(PaymentRefunded(order_id=order_id, amount=Money(amount=2900)), order_id, 3))
    orders.clock.forward(timedelta(minutes=11))
    orders.reconcile()
    assert on_bus() == []


def test_an_order_that_nobody_had_paid_is_left_alone_after_a_few_repeats(
    orders: Orders, on_bus: Callable[[], list[dict[str, Any]]]
) -> None:
    orders.reject(orders.placed())
    heard = 0
    for _ in range(6):
        orders.clock.forward(timedelta(minutes=11))
        orders.reconcile()
        heard += len(on_bus())
    assert heard == domain.CLOSING_REPEATS
    assert "open" not in next(row for row in rows(orders.tables["Orders"]) if row["pk"].startswith("order#"))


def test_an_order_that_cannot_be_helped_keeps_no_other_from_it(
    orders: Orders, on_bus: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = orders.placed(key="first"), orders.placed(key="second")
    orders.clock.forward(timedelta(minutes=11))
    change = store.change

    def change_all_but_the_first(order_id: str, rule: Callable[[Order], Order]) -> Order:
        if order_id == first:
            raise Contended(order_id)
        return change(order_id, rule)

    monkeypatch.setattr(store, "change", change_all_but_the_first)
    with pytest.raises(ExceptionGroup, match="not reconciled"):
        orders.reconcile()
    assert {event["detail"]["data"]["order_id"] for event in on_bus()} == {first, second}
    assert (orders.order(first).restarts, orders.order(second).restarts) == (0, 1)


def test_a_review_that_nobody_does_is_rejected_in_the_end(orders: Orders) -> None:
    order_id = held(orders)
    orders.clock.forward(timedelta(days=1, seconds=1))
    assert orders.reconcile() == {"restarted": 0, "rejected": 1}
    assert orders.get(order_id).body["reason"] == "review_expired"


# ── Attention ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_payment(data: EventData, order_id: str, version: int) -> Envelope[Any]:
    return envelop(data, entity_id=order_id, entity_version=version, occurred_at=START, correlation_id=order_id)


def news(order_id: str) -> tuple[Envelope[Any], Envelope[Any]]:
    money = Money(amount=2900)
    return (
        of_payment(PaymentSettlementFailed(order_id=order_id, amount=money, reason="gateway"), order_id, 4),
        of_payment(PaymentRefunded(order_id=order_id, amount=money), order_id, 5),
    )


def test_a_failed_settlement_shows_until_it_succeeds(orders: Orders) -> None:
    order_id = orders.placed()
    orders.cancel(order_id)
    failed_once, refunded = news(order_id)
    orders.tell_of_payment(failed_once, failed_once)
    shown = orders.get(order_id).body
    assert (shown["status"], shown["attention"]["reason"]) == ("CANCELLED", "settlement_failed")
    orders.tell_of_payment(refunded)
    assert orders.get(order_id).body["attention"] is None
    assert event_types(orders) == ["OrderPlaced", "OrderCancelled", "OrderNeedsAttention"]


def test_an_authorization_that_turns_out_declined_needs_nobody_any_more(orders: Orders) -> None:
    order_id = orders.placed()
    orders.reject(order_id, "checkout_failed")
    failed, _ = news(order_id)
    declined = PaymentDeclined(
        order_id=order_id, amount=Money(amount=2900), payment_method="pm_declined", reason="declined"
    )
    orders.tell_of_payment(failed, of_payment(declined, order_id, 5))
    assert orders.get(order_id).body["attention"] is None


@pytest.mark.parametrize("arrival", sorted(set(itertools.permutations([0, 1, 0, 1]))))
def test_scenario_10_news_of_money_in_any_order_end_alike(orders: Orders, arrival: tuple[int, ...]) -> None:
    order_id = orders.placed()
    orders.cancel(order_id)
    for index in arrival:
        orders.tell_of_payment(news(order_id)[index])
    assert orders.get(order_id).body["attention"] is None


def test_news_of_an_order_that_is_not_there_go_to_the_dead_letters(orders: Orders) -> None:
    assert orders.all() == []
    assert failed(attention.handler, json.dumps(news("ord_nobody")[0].as_published())) == ["0"]


# ── Bookkeeping ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_meets_what_bookkeeping_left(orders: Orders) -> None:
    """A write that leaves the version must still not be lost to one that raced it."""
    order_id = orders.placed()
    orders.clock.forward(timedelta(minutes=11))
    met: list[int] = []

    def note(order: Order) -> Order:
        met.append(order.restarts)
        if len(met) == 1:
            orders.reconcile()
        return order.model_copy(update={"review_note": "noted"})

    store.change(order_id, note)
    assert met == [0, 1]
    assert (orders.order(order_id).restarts, orders.order(order_id).review_note) == (1, "noted")


def test_an_order_that_everyone_keeps_changing_is_given_up_for_now(orders: Orders) -> None:
    order_id = orders.placed()

    def always_raced(order: Order) -> Order:
        store.change(order_id, lambda current: current.model_copy(update={"restarts": current.restarts + 1}))
        return order.model_copy(update={"restarts": 0, "review_note": "mine"})

    with pytest.raises(Contended):
        store.change(order_id, always_raced)
    assert orders.order(order_id).review_note is None


def test_a_decision_counts_once_though_the_answer_to_its_write_was_lost(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sends such a write again by itself, and that one meets what the first one wrote."""
    order_id = held(orders)
    dynamodb = client("dynamodb")
    put = dynamodb.put_item

    def put_twice(**item: Any) -> Any:
        monkeypatch.setattr(dynamodb, "put_item", put)
        put(**item)
        return put(**item)

    monkeypatch.setattr(dynamodb, "put_item", put_twice)
    assert orders.review(order_id).status == 202
    assert event_types(orders) == ["OrderPlaced", "OrderHeldForReview", "OrderReviewed"]


def test_another_customer_s_cancellation_changes_nothing(orders: Orders) -> None:
    order_id = orders.placed()
    orders.cancel(order_id, BOB)
    assert event_types(orders) == ["OrderPlaced"]
