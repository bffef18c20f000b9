"""`./shop dlq`: where dead letters lie and belong, and that they go back."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from moto import mock_aws

from cli.commands.dlq import PlacesPicture, contents_of
from cli.output import Terminal
from deployed.dead_letters.places import places_of
from tests.support.aws_stack import AwsStack
from tests.support.dead_letter_places import BODY, EVENT, ORDER, dead_letter_places
from tests.support.front_door import Result

type Run = Callable[..., Result]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[AwsStack]:
    with mock_aws():
        yield dead_letter_places(AwsStack(tmp_path))


@pytest.fixture
def shop(stack: AwsStack, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on that stack."""
    monkeypatch.setattr("cli.session.Stack.local", lambda _home: stack.stack)
    return run


def test_the_list_tells_how_many_since_when_and_where_they_belong(shop: Run, stack: AwsStack) -> None:
    stack.lies("Order/TimelineDeadLetters", BODY)
    found = {one["place"]: one for one in shop("dlq", "ls", "--json").json}
    assert found["Order/TimelineDeadLetters"]["count"] == 1
    assert found["Order/TimelineDeadLetters"]["goes_back_to"] == "Order/TimelineQueue"
    assert found["Order/TimelineDeadLetters"]["oldest"]
    assert found["FailureBucket"] == {
        "place": "FailureBucket",
        "count": 0,
        "oldest": None,
        "goes_back_to": "the function named in each letter",
    }
    assert "Order/TimelineQueue" in shop("dlq", "ls").out


def test_at_80_columns_no_name_in_the_list_is_broken(stack: AwsStack) -> None:
    found = [contents_of(place) for place in places_of(stack.stack)]
    console = Terminal(file=StringIO(), width=80)
    with console.capture() as captured:
        console.print(PlacesPicture(found))
    names = {name for one in found for name in (one.place.path, *str(one.place.destination or "").split(", "))}
    assert len(names) > len(found) > 2
    assert [name for name in names if name not in captured.get()] == []


def test_letters_are_shown_with_what_to_do(shop: Run, stack: AwsStack) -> None:
    stack.lies("Order/TimelineDeadLetters", json.dumps({**EVENT, "detail": {**EVENT["detail"], "version": 9}}))
    out = shop("dlq", "show", "TimelineDeadLetters").out
    for what in ("OrderConfirmed", ORDER, "UnknownVersion", "redrive"):
        assert what in out


def test_redriving_all_takes_each_home_and_fails_if_one_stays(shop: Run, stack: AwsStack) -> None:
    stack.lies("Order/TimelineDeadLetters", BODY)
    assert shop("dlq", "redrive", "--all").code == 0
    stack.lies("Order/TimelineDeadLetters", BODY)
    stack.lies("Order/RelayFailures", "nonsense")
    said = shop("dlq", "redrive", "--all", "--json")
    assert said.code == 1
    assert said.json["redriven"] == 1
    assert [one["place"] for one in said.json["letters"] if one["problem"]] == ["Order/RelayFailures"]
    out = shop("dlq", "redrive", "RelayFailures").out
    assert " stays: " in out
    assert "  stays" not in out


def test_redriving_takes_a_place_or_all_and_not_both(shop: Run) -> None:
    assert shop("dlq", "redrive").code == 2
    assert shop("dlq", "redrive", "RelayFailures", "--all").code == 2


def test_one_letter_can_be_dropped_for_good(shop: Run, stack: AwsStack) -> None:
    stack.lies("Order/RelayFailures", "kept")
    useless = stack.lies("Order/RelayFailures", "nonsense")
    assert shop("dlq", "drop", "RelayFailures", useless).code == 0
    assert [message["Body"] for message in stack.taken("Order/RelayFailures")] == ["kept"]
    assert shop("dlq", "drop", "RelayFailures", "none").code == 1
