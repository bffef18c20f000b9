"""Every transport keeps the promises that the shop relies on: nothing lost or doubled, poison set aside, order where
promised."""

import base64
import json
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.envelope import Envelope
from tests.conformance.table import Latency
from tests.conformance.transports import TRANSPORTS, Transport, event
from tests.emulator.account import Account

KEYS, EACH = [f"ord_{number}" for number in range(5)], 8
# These events of each order fail at the first attempt.
FLAKY = {2, 5}
SECONDS = 60


@dataclass
class Story:
    """What was sent by one transport, and what happened to it."""

    transport: Transport
    sent: list[Envelope[Any]]
    letters: list[str]


@pytest.fixture(scope="module", params=TRANSPORTS, ids=lambda transport: transport.promise.name)
def story(request: pytest.FixtureRequest, account: Account) -> Story:
    """The events of several orders interleaved. Some fail once, and poison messages are among them."""
    make: Callable[[Account], Transport] = request.param
    transport, now = make(account), datetime.now(UTC)
    numbered = [(number, key) for number in range(EACH) for key in KEYS]
    sent = [event(key, number, f"{'flaky' if number in FLAKY else 'plain'}-{number}", now) for number, key in numbered]
    middle = len(sent) // 2
    transport.send(sent[:middle])
    transport.send_poison("ord_poison")
    transport.send(sent[middle:])
    account.eventually(lambda: len(transport.applied()) >= len(sent), SECONDS)
    return Story(transport, sent, account.eventually(transport.set_aside, SECONDS))


def test_nothing_is_lost_and_nothing_counts_twice(story: Story) -> None:
    assert Counter(each["id"] for each in story.transport.applied()) == Counter(str(e.event_id) for e in story.sent)


def test_what_failed_is_delivered_again(story: Story) -> None:
    assert story.transport.attempts() >= len(story.sent) + len(FLAKY) * len(KEYS)


def test_poison_is_set_aside_whole_and_alone(story: Story) -> None:
    assert story.letters, "it lies nowhere"
    assert all("ord_poison" in _readable(letter) for letter in story.letters)
    assert len(set(story.letters)) == 1


def test_events_of_a_key_are_applied_in_order_where_that_is_promised(story: Story) -> None:
    if not story.transport.promise.ordered:
        pytest.skip("it promises no order, and its consumers need none")
    for key in KEYS:
        numbers = [int(each["number"].partition("-")[2]) for each in story.transport.applied() if each["key"] == key]
        assert numbers == sorted(numbers), key


def test_sending_everything_again_changes_nothing(story: Story, account: Account) -> None:
    before, attempts = story.transport.applied(), story.transport.attempts()
    story.transport.send(story.sent, again=True)
    last = event("ord_last", 1, "plain-1", datetime.now(UTC))
    story.transport.send([last])
    account.eventually(lambda: len(story.transport.applied()) > len(before), SECONDS)
    account.eventually(lambda: story.transport.attempts() > attempts + len(story.sent), SECONDS)
    assert story.transport.applied() == [*before, story.transport.applied()[-1]]


@pytest.mark.parametrize("make", TRANSPORTS, ids=lambda transport: transport.promise.name)
def test_how_long_an_event_travels(
    make: Callable[[Account], Transport], account: Account, record_property: Callable[[str, object], None]
) -> None:
    """Measures the time that the transport takes, one event at a time with a warm function."""
    transport, took = make(account), list[float]()
    for number in range(12):
        began = datetime.now(UTC)
        transport.send([event("ord_1", number, f"plain-{number}", began)])
        account.eventually(lambda number=number: len(transport.applied()) > number, SECONDS)  # type: ignore[misc]
        took.append(transport.applied()[-1]["at"] - began.timestamp())
    warm = Latency(statistics.median(took[2:]), max(took[2:]))
    record_property("figures", f"{transport.promise.name}: {warm}")
    assert warm.median < 5


def _readable(letter: str) -> str:
    """Kinesis and Kafka deliver data in base64."""
    record = json.loads(letter).get("record", {})
    data = record.get("value") or record.get("kinesis", {}).get("data")
    return base64.b64decode(data).decode() if data else letter
