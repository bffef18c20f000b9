"""What happened is told again only to those who keep repetitions out, and read models become what they were made of."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.format import moment
from contracts.envelope import event_id
from deployed.resources import Resource
from shopkit.dynamodb import from_item, to_item
from tests.support.aws_stack import AwsStack
from tests.support.front_door import Result
from tests.support.tables import create_tables

type Run = Callable[..., Result]

MADE = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:operators"


class Events:
    """EventBridge's archive and replays; the rest is moto's."""

    def __init__(self, real: Any, bus: str) -> None:
        self.real, self.bus = real, bus
        self.replays: list[dict[str, Any]] = []
        self.states = ["STARTING", "RUNNING", "COMPLETED"]
        self.cancelled: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def describe_archive(self, **_asked: Any) -> dict[str, Any]:
        return {"ArchiveArn": "archive", "EventSourceArn": self.bus, "CreationTime": MADE, "EventCount": 143}

    def start_replay(self, **asked: Any) -> None:
        self.replays.append(asked)

    def describe_replay(self, **_asked: Any) -> dict[str, Any]:
        return {"State": self.states.pop(0), "StateReason": "because"}

    def cancel_replay(self, *, ReplayName: str) -> None:  # noqa: N803 - boto3's name
        self.cancelled.append(ReplayName)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with mock_aws():
        made = AwsStack(tmp_path)
        made.queue("Order/TimelineQueue")
        made.rule("Order/TimelineRule", made.arn("Order/TimelineQueue"))
        made.rule("Notify/AttentionRule", TOPIC)
        made.add("Archive", "AWS::Events::Archive", "archive")
        monkeypatch.setattr("cli.session.Stack.local", lambda _home: made.stack)
        monkeypatch.setattr("deployed.bus.time.sleep", lambda _seconds: None)
        yield made


@pytest.fixture
def events(aws: AwsStack, monkeypatch: pytest.MonkeyPatch) -> Events:
    found, client = Events(aws.events, aws.bus), type(aws.stack).client
    monkeypatch.setattr(type(aws.stack), "client", lambda self, name: found if name == "events" else client(self, name))
    return found


def arn_of(aws: AwsStack, rule: str) -> str:
    arn: str = aws.events.describe_rule(Name=rule, EventBusName="cartwheel")["Arn"]
    return arn


def test_a_replay_leaves_people_alone_and_says_so(run: Run, aws: AwsStack, events: Events) -> None:
    said = run("replay", "--since", "beginning", "--until", "2026-01-02T00:00:00Z", "--json").json
    (replay,) = events.replays
    assert replay["Destination"] == {"Arn": aws.bus, "FilterArns": [arn_of(aws, "Order-TimelineRule")]}
    assert replay["EventStartTime"] == MADE
    assert replay["EventEndTime"] >= datetime(2026, 1, 2, tzinfo=UTC)
    assert (said["rules"], said["left_out"]) == (["Order/TimelineRule"], ["Notify/AttentionRule"])


@pytest.mark.parametrize("name", ["Notify/AttentionRule", "Notify-AttentionRule"])
def test_a_rule_that_is_named_gets_it_whoever_listens(run: Run, aws: AwsStack, events: Events, name: str) -> None:
    run("replay", "--since", "2h", "--rule", name)
    assert events.replays[0]["Destination"]["FilterArns"] == [arn_of(aws, "Notify-AttentionRule")]
    span = datetime.now(UTC) - events.replays[0]["EventStartTime"]
    assert timedelta(hours=2) <= span < timedelta(hours=2, minutes=1)


@pytest.mark.parametrize(
    "line",
    [
        ("--since", "yesterday"),
        ("--since", "999999d"),
        ("--since", "0001-01-01T00:00+14:00"),
        ("--since", "1h", "--until", ""),
        ("--since", "1h", "--until", "2h"),
        ("--since", "1h", "--rule", "Order/NoRule"),
        (),
    ],
)
def test_a_replay_that_makes_no_sense_is_not_begun(run: Run, events: Events, line: tuple[str, ...]) -> None:
    assert run("replay", *line).code == 2
    assert events.replays == []


@pytest.mark.parametrize("until", ["2025-12-31T23:59Z", "2026-01-01T00:00Z"])
def test_a_time_before_the_archive_is_not_replayed_and_not_called_done(run: Run, events: Events, until: str) -> None:
    said = run("replay", "--since", "2025-12-01", "--until", until)
    assert (said.code, said.out, events.replays) == (1, "", [])
    assert "holds 143 events" in said.err


def test_a_replay_says_where_the_archive_begins_and_what_it_holds(run: Run, events: Events) -> None:
    said = run("replay", "--since", "2025-12-01", "--until", "2026-01-02T00:00Z")
    assert f"from {moment(MADE)}" in said.out  # not since December, of which it knows nothing
    assert f"begins at {moment(MADE)} and holds 143 events" in said.err
    events.states = ["COMPLETED"]
    archive = run("replay", "--since", "beginning", "--json").json["archive"]
    assert archive == {"began": MADE.isoformat(), "events": 143}


def test_a_replay_that_fails_says_why(run: Run, events: Events) -> None:
    events.states = ["RUNNING", "FAILED"]
    said = run("replay", "--since", "1h")
    assert said.code == 1
    assert "because" in said.err


def test_whoever_interrupts_a_replay_stops_it(run: Run, events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deployed.bus.time.sleep", interrupt)
    assert run("replay", "--since", "1h").code == 130
    assert events.cancelled == [events.replays[0]["ReplayName"]]


def test_the_timeline_is_rebuilt_by_its_rule_alone_from_all_that_is_archived(
    run: Run, aws: AwsStack, events: Events
) -> None:
    assert run("rebuild", "timeline").code == 0
    (replay,) = events.replays
    assert replay["Destination"]["FilterArns"] == [arn_of(aws, "Order-TimelineRule")]
    assert replay["EventStartTime"] == MADE


@pytest.fixture
def catalogue(aws: AwsStack, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The tables of order and inventory, and a bus whose one consumer is the replica: newest version wins. What was
    put on it."""
    for service in ("order", "inventory"):
        for name, table in create_tables(service).items():
            path = f"{service.title()}/{name}"
            aws.found[path] = Resource(path, "AWS::DynamoDB::Table", table)
    aws.add("Tables", "none", "none")
    said: list[dict[str, Any]] = []

    class Bus:
        def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
            for entry in Entries:
                said.append(entry)
                detail = json.loads(entry["Detail"])
                known = row(aws, "Order/Orders", detail["data"]["sku"])
                if known is None or known["version"] < detail["entity_version"]:
                    put(aws, "Order/Orders", **detail["data"], version=detail["entity_version"])
            return {"FailedEntryCount": 0, "Entries": []}

    client = type(aws.stack).client
    monkeypatch.setattr(type(aws.stack), "client", lambda self, name: Bus() if name == "events" else client(self, name))
    return said


def put(aws: AwsStack, path: str, sku: str, **fields: Any) -> None:
    item = {"name": "Mug", "price": {"amount": 100, "currency": "USD"}, "version": 1, **fields}
    if path == "Inventory/Inventory":
        item |= {"updated_at": "2026-01-01T00:00:00.000000Z", "available": 5}
    boto3.client("dynamodb").put_item(
        TableName=aws.stack.resources[path], Item=to_item({"pk": f"product#{sku}", "sku": sku, **item})
    )


def row(aws: AwsStack, path: str, sku: str) -> dict[str, Any] | None:
    found = boto3.client("dynamodb").get_item(TableName=aws.stack.resources[path], Key={"pk": {"S": f"product#{sku}"}})
    return from_item(found["Item"]) if "Item" in found else None


def test_the_catalogue_is_rebuilt_from_the_inventory_with_the_ids_that_its_events_had(
    run: Run, aws: AwsStack, catalogue: list[dict[str, Any]]
) -> None:
    put(aws, "Inventory/Inventory", "LOST", version=4)
    put(aws, "Inventory/Inventory", "RIGHT", version=2)
    put(aws, "Order/Orders", "RIGHT", version=2)
    said = run("rebuild", "catalogue", "--json").json
    assert said == {"products": 2, "replaced": []}
    ids = {json.loads(entry["Detail"])["event_id"] for entry in catalogue}
    assert ids == {str(event_id("ProductUpdated", sku, version)) for sku, version in (("LOST", 4), ("RIGHT", 2))}
    assert (row(aws, "Order/Orders", "LOST") or {})["version"] == 4


@pytest.mark.parametrize("wrong", [{"version": 2, "name": "Bug"}, {"version": 9}])
def test_an_entry_that_no_event_could_correct_is_replaced(
    run: Run, aws: AwsStack, catalogue: list[dict[str, Any]], wrong: dict[str, Any]
) -> None:
    put(aws, "Inventory/Inventory", "MUG", version=2)
    put(aws, "Order/Orders", "MUG", **wrong)
    put(aws, "Order/Orders", "GHOST")
    assert sorted(run("rebuild", "catalogue", "--json").json["replaced"]) == ["GHOST", "MUG"]
    found = row(aws, "Order/Orders", "MUG")
    assert found
    assert (found["name"], found["version"]) == ("Mug", 2)
    assert row(aws, "Order/Orders", "GHOST") is None


def test_an_entry_that_cannot_be_read_is_replaced(run: Run, aws: AwsStack, catalogue: list[dict[str, Any]]) -> None:
    put(aws, "Inventory/Inventory", "MUG", version=2)
    put(aws, "Order/Orders", "MUG", version="last", price="free")
    assert run("rebuild", "catalogue", "--json").json == {"products": 1, "replaced": ["MUG"]}
    assert (row(aws, "Order/Orders", "MUG") or {})["version"] == 2


def test_a_product_that_cannot_be_read_is_named_and_keeps_its_entry(
    run: Run, aws: AwsStack, catalogue: list[dict[str, Any]]
) -> None:
    put(aws, "Inventory/Inventory", "MUG", version=2)
    put(aws, "Inventory/Inventory", "TEE", price="free")
    put(aws, "Order/Orders", "TEE")
    said = run("rebuild", "catalogue")
    assert said.code == 0
    assert "TEE" in said.err
    assert (row(aws, "Order/Orders", "TEE") or {})["version"] == 1
    assert (row(aws, "Order/Orders", "MUG") or {})["version"] == 2


def test_a_catalogue_that_does_not_catch_up_is_said_to_lag(
    run: Run, aws: AwsStack, catalogue: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(aws, "Inventory/Inventory", "MUG", version=2)
    monkeypatch.setattr("deployed.rebuild._publish", lambda *_of: None)
    said = run("rebuild", "catalogue", "--patience", "0")
    assert said.code == 1
    assert "MUG" in said.err
    assert catalogue == []
