"""A crash at any call of an operators' function loses no letter. A second request leaves nothing half-broken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.client import BaseClient

from operators import queue
from tests.integration.operators.conftest import Desk, queue_name, url
from tests.simulation.crashes import Fault
from tests.support.crash_points import Boundary, possible
from tests.support.interleaving import Died

PLACES = ("Notify/EmailDeadLetters", "Order/TimelineDeadLetters")
HOMES = {PLACES[0]: "Notify-EmailQueue.fifo", PLACES[1]: "Order-TimelineQueue"}


def letters(about: object) -> set[str]:
    """No two are alike, or a FIFO queue would take the later for the same."""
    return {f"{number}: {about}" for number in range(3)}


@contextmanager
def crashing(fault: Fault | None = None, at: int = -1) -> Iterator[Boundary]:
    """Every AWS call passes the boundary, where one of them fails."""
    boundary = Boundary(fault, at, watching=True)
    really_call: Any = vars(BaseClient)["_make_api_call"]

    def call(aws: BaseClient, operation: str, sent: Any) -> Any:
        return boundary(operation, sent, lambda: really_call(aws, operation, sent))

    with patch.object(BaseClient, "_make_api_call", call):
        yield boundary
    boundary.watching = False


def crash_points(request: Callable[[], Any]) -> list[tuple[Fault, int]]:
    with crashing() as calm:
        request()
    return [(fault, at) for at, operation in enumerate(calm.calls) for fault in possible(operation)]


def bodies(name: str) -> set[str]:
    """Everything that lies in the queue, in flight or not."""
    sqs, found = boto3.client("sqs"), set[str]()
    while messages := sqs.receive_message(QueueUrl=url(name), MaxNumberOfMessages=10).get("Messages"):
        found |= {message["Body"] for message in messages}
        for message in messages:
            sqs.delete_message(QueueUrl=url(name), ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.mark.parametrize("place", PLACES)
def test_no_letter_is_lost_wherever_a_redrive_crashes(
    desk: Desk, place: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    # What a crashed redrive holds is there again after a minute.
    monkeypatch.setattr(queue, "_HOLD_SECONDS", 0)

    def lie(about: object) -> set[str]:
        for name in (HOMES[place], queue_name(*place.split("/"))):
            bodies(name)
        for body in letters(about):
            desk.lies(place, body)
        return letters(about)

    lie("calm")
    points = crash_points(lambda: desk.redrives(place))
    for fault, at in points:
        lying = lie(f"{fault} at call {at}")
        with crashing(fault, at), suppress(Died):
            desk.redrives(place)
        desk.redrives(place)
        assert bodies(HOMES[place]) == lying, f"{fault} at call {at}"
        assert desk.listed()[place] == 0, f"{fault} at call {at}"
    record_property("figures", f"redrive of {place}: {len(points)} crash points, no letter lost")


@pytest.mark.parametrize("name", ["email-consumer", "timeline-consumer"])
def test_a_switch_is_where_it_was_asked_to_be_wherever_a_crash_came(shop: Desk, name: str) -> None:
    for ask, broken in ((shop.starts, {name}), (shop.heals, set[str]())):
        for fault, at in crash_points(lambda ask=ask: ask(name)):  # type: ignore[misc]
            with crashing(fault, at), suppress(Died):
                ask(name)
            assert ask(name).status == 200, f"{fault} at call {at}"
            assert shop.broken() == broken, f"{fault} at call {at}"


@pytest.mark.parametrize("name", ["poison-message", "kill-checkout"])
def test_what_happens_once_may_be_asked_again_after_a_crash(shop: Desk, name: str) -> None:
    for fault, at in [(fault, 0) for fault in Fault]:
        with crashing(fault, at), suppress(Died):
            shop.starts(name)
        assert shop.starts(name).status in {200, 409}, f"{fault}: 409 where no checkout is left to stop"


def test_looking_leaves_every_letter_wherever_it_crashes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES[1]
    monkeypatch.setattr(queue, "_HOLD_SECONDS", 0)
    lying = letters("looked at")
    for body in lying:
        desk.lies(place, body)
    for fault, at in crash_points(lambda: desk.shows(place)):
        with crashing(fault, at), suppress(Died):
            desk.shows(place)
        assert {message["body"] for message in desk.shows(place).body["messages"]} == lying
    for fault, at in crash_points(desk.listed):
        with crashing(fault, at), suppress(Died, KeyError):  # a refused call is a problem, which lists nothing
            desk.listed()
    assert desk.listed()[place] == len(lying)
