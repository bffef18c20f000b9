"""`./shop watch`: each event in a line, and nothing left behind."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from contracts.order import OrderConfirmed
from deployed.watch import Filter, Watch
from schemas.examples import example
from tests.support.aws_stack import AwsStack
from tests.support.front_door import Result
from tests.support.watchers import left, publish

type Run = Callable[..., Result]


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with mock_aws():
        made = AwsStack(tmp_path)
        monkeypatch.setattr("cli.session.Stack.local", lambda _home: made.stack)
        monkeypatch.setattr("deployed.watch._WAIT_SECONDS", 0)
        yield made


def test_the_command_tells_each_event_in_a_line(run: Run, aws: AwsStack, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Watch.begin

    def begin_and_publish(watch: Watch, wanted: Filter) -> None:
        begin(watch, wanted)
        publish(aws, example(OrderConfirmed))

    monkeypatch.setattr(Watch, "begin", begin_and_publish)
    said = run("watch", "--events", "1")
    assert said.code == 0
    for what in ("order ", "OrderConfirmed", example(OrderConfirmed).correlation_id, "$24.00"):
        assert what in said.out
    document = json.loads(run("watch", "--events", "1", "--json").out)
    assert document["event_id"] == str(example(OrderConfirmed).event_id)
    assert document["replayed"] is False
    assert left(aws) == []


@pytest.mark.parametrize("line", [("--source", "nobody"), ("--type", "OrderAdored")])
def test_what_never_passes_cannot_be_watched_for(run: Run, aws: AwsStack, line: tuple[str, str]) -> None:
    assert run("watch", *line).code == 2
    assert left(aws) == []
