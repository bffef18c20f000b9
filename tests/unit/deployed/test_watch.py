"""Whoever watches the bus sees what passes, filtered where it costs least, and leaves nothing behind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from contracts.order import OrderConfirmed
from contracts.payment import PaymentCaptured
from deployed.watch import Filter, Watch, remove_leftovers, watching
from schemas.examples import example
from tests.support.aws_stack import AwsStack
from tests.support.watchers import left, publish


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with mock_aws():
        made = AwsStack(tmp_path)
        monkeypatch.setattr("deployed.watch._WAIT_SECONDS", 0)
        yield made


@pytest.mark.parametrize(
    ("wanted", "sees"),
    [
        (Filter(), ["OrderConfirmed", "PaymentCaptured"]),
        (Filter(sources=["shop.payment"]), ["PaymentCaptured"]),
        (Filter(types=["OrderConfirmed"]), ["OrderConfirmed"]),
        (Filter(order="another"), []),
    ],
)
def test_a_watcher_sees_what_it_asked_for(aws: AwsStack, wanted: Filter, sees: list[str]) -> None:
    with watching(aws.stack, wanted) as watch:
        publish(aws, example(OrderConfirmed), example(PaymentCaptured))
        assert sorted(event.type for event in watch.receive()) == sees
        assert watch.receive() == []


def test_only_the_bus_may_send_to_a_watcher_and_only_by_its_rule(aws: AwsStack) -> None:
    with watching(aws.stack, Filter()) as watch:
        url = aws.sqs.get_queue_url(QueueName=watch.name)["QueueUrl"]
        policy = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(watch.name)


def test_nothing_is_left_whatever_ends_it(aws: AwsStack) -> None:
    seen: list[str] = []

    def watch_until_interrupted() -> None:
        with watching(aws.stack, Filter()):
            seen.extend(left(aws))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_until_interrupted()
    assert len(seen) == 2
    assert left(aws) == []


def test_what_a_killed_watcher_left_goes_with_the_next_and_what_lives_stays(
    aws: AwsStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = Watch(aws.stack), Watch(aws.stack)
    dead.begin(Filter())
    monkeypatch.setattr("deployed.watch.time.time", lambda: 10_000_000_000)  # long after
    alive.begin(Filter())
    aws.events.put_rule(Name="cartwheel-watch-halfmade", EventBusName="cartwheel", EventPattern='{"source": ["x"]}')
    assert remove_leftovers(aws.stack) == sorted([dead.name, "cartwheel-watch-halfmade"])
    assert len(left(aws)) == 2
    assert all(alive.name in name for name in left(aws))
