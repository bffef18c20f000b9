"""`audit` and `mail` as people and scripts get them, and the wrapper that starts it all."""

import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from audit.result import CheckResult
from deployed.resources import Resource, Resources
from deployed.stack import PROJECT, Stack
from shopkit.dynamodb import to_item
from tests.support.front_door import Result
from tests.support.tables import create_tables

type Run = Callable[..., Result]

RIGHT = CheckResult(1, "stock", "1 sku", ())
WRONG = CheckResult(
    2, "money and goods", "3 orders", tuple(f"ord_{n}: charged twice" for n in range(12)), remedy="./shop story ORDER"
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The audit finds this; answers what it was asked for."""

    def find(*results: CheckResult) -> dict[str, Any]:
        asked: dict[str, Any] = {}

        def audit(_stack: Stack, **options: Any) -> list[CheckResult]:
            asked.update(options)
            return list(results)

        monkeypatch.setattr("cli.commands.audit.run_audit", audit)
        return asked

    return find


def test_an_audit_that_passes_is_exit_code_0(run: Run, found: Callable[..., dict[str, Any]]) -> None:
    found(RIGHT)
    said = run("audit")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines() if line.strip()] == [
        ["✓", "1", "stock", "1", "sku"],
        ["All", "of", "it", "holds."],
    ]
    assert said.err == ""


def test_an_audit_that_fails_is_exit_code_1_and_shows_where(run: Run, found: Callable[..., dict[str, Any]]) -> None:
    found(RIGHT, WRONG)
    said = run("audit")
    assert said.code == 1
    assert "✗" in said.out
    assert "ord_9: charged twice" in said.out
    assert "ord_10" not in said.out
    assert "2 more" in said.out
    assert said.out.splitlines()[-2:] == ["12 faults in 1 of 2 checks: money and goods.", "Next: ./shop story ord_0"]


def test_what_needs_a_person_is_not_ticked_off(run: Run, found: Callable[..., dict[str, Any]]) -> None:
    note = "ord_1: $29.00 of its customer's are still owed"
    found(CheckResult(2, "money and goods", "3 orders", (), (note,), "./shop settle ord_1"))
    said = run("audit")
    assert said.code == 0
    assert "✓" not in said.out
    assert said.out.splitlines()[-1] == "Next: ./shop settle ord_1"


def test_an_audit_for_machines_tells_every_fault(run: Run, found: Callable[..., dict[str, Any]]) -> None:
    found(RIGHT, WRONG)
    said = run("audit", "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    assert [check["ok"] for check in said.json["checks"]] == [True, False]
    assert len(said.json["checks"][1]["faults"]) == 12
    assert said.json["verdict"].startswith("12 faults")
    assert said.json["next"] == "./shop story ord_0"


def test_an_audit_passes_its_options_on(run: Run, found: Callable[..., dict[str, Any]]) -> None:
    asked = found(RIGHT)
    run("audit", "--wait", "5", "--expect-dead", "e1", "--expect-dead", "e2")
    assert asked["patience"] == 5
    assert asked["expect_dead"] == ["e1", "e2"]


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts events into the timeline, and mails about them into the notifications, each a second after the one
    before."""
    with mock_aws():
        name, timeline = create_tables("notify")["Notifications"], create_tables("order")["Timeline"]
        tables = {
            path: Resource(path, "AWS::DynamoDB::Table", table)
            for path, table in {"Notify/Notifications": name, "Order/Timeline": timeline}.items()
        }
        monkeypatch.setattr(Stack, "resources", Resources(tables))
        monkeypatch.setattr(Stack, "client", lambda _stack, service: boto3.client(service))
        monkeypatch.setattr("cli.commands.mail.account_mails", lambda _stack: ())
        seconds = iter(range(60))

        def put(order_id: str, type_: str, **changes: Any) -> None:
            second = next(seconds)
            row = {
                "pk": f"{order_id}-{type_}#email",
                "channel": "email",
                "order_id": order_id,
                "entity_version": second + 1,
                "type": type_,
                "status": "KEPT",
                "at": f"2026-01-01T12:00:{second:02}.000000Z",
                "to": "customer-1@example.com",
                "subject": f"About your order: {type_}",
                "text": "Hello.\nThank you.",
                **changes,
            }
            text = row.pop("text")
            body = zlib.compress(json.dumps({"text": text, "html": ""}).encode()) if text else None
            boto3.client("dynamodb").put_item(TableName=name, Item=to_item({**row, "body": body}))
            for source, event_id in (("shop.order", f"{order_id}-{type_}"), ("shop.payment", f"paid-{second}")):
                event = {"order_id": order_id, "at_event": event_id, "event_id": event_id, "source": source}
                boto3.client("dynamodb").put_item(TableName=timeline, Item=to_item(event))

        yield put


def test_mails_are_listed_in_the_order_in_which_they_came(run: Run, letters: Callable[..., None]) -> None:
    letters("ord_1", "OrderPlaced")
    letters("ord_2", "OrderPlaced", status="FAILED", reason="no_address", to=None, subject=None, text=None)
    letters("ord_1", "OrderConfirmed")
    mails = run("mail", "--json").json
    assert [(mail["order_id"], mail["about"]) for mail in mails] == [
        ("ord_1", "OrderPlaced"),
        ("ord_2", "OrderPlaced"),
        ("ord_1", "OrderConfirmed"),
    ]
    assert "no_address" in run("mail").out


def test_the_subject_of_a_mail_is_seen_on_narrow_terminals_too(
    run: Run, letters: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.session._PIPE_WIDTH", 80)
    letters("ord_" + 32 * "a", "OrderPlaced", subject="We have your order")
    line = run("mail").out.strip().splitlines()[-1]
    assert line.split() == ["KEPT", "ord_" + 32 * "a", "We", "have", "your", "order"]


def test_mails_of_one_order_can_be_read_in_full(run: Run, letters: Callable[..., None]) -> None:
    letters("ord_1", "OrderPlaced")
    letters("ord_2", "OrderPlaced", text="Not this one.")
    out = run("mail", "ord_1").out
    assert "Thank you." in out
    assert "KEPT" in out
    assert "Not this one." not in out


def test_an_order_without_a_mail_is_said_so_with_an_exit_code(run: Run, letters: Callable[..., None]) -> None:
    letters("ord_1", "OrderPlaced")
    for line in (("mail", "nope"), ("mail", "nope", "--json")):
        said = run(*line)
        assert (said.code, said.out) == (1, "")
        assert "no e-mail about nope" in said.err


def test_brackets_in_a_mail_are_text_and_no_markup(run: Run, letters: Callable[..., None]) -> None:
    letters("ord_1", "OrderPlaced", text="[red]not red[/]", subject="[b]S[/b]")
    out = run("mail", "ord_1").out
    assert "[red]not red[/]" in out
    assert "[b]S[/b]" in out


def test_without_an_environment_the_wrapper_says_what_makes_one(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "shop", tmp_path)
    said = subprocess.run([tmp_path / "shop", "products"], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "make build" in said.stderr


def test_the_wrapper_may_be_called_by_links_in_other_folders(tmp_path: Path) -> None:
    home = tmp_path / "a shop"
    (home / ".venv" / "bin").mkdir(parents=True)
    python = home / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    shutil.copy(PROJECT / "shop", home)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "relative").symlink_to("../a shop/shop")
    (tmp_path / "bin" / "absolute").symlink_to(tmp_path / "bin" / "relative")
    for name in ("relative", "absolute"):
        said = subprocess.run([tmp_path / "bin" / name, "a b"], cwd="/", capture_output=True, text=True, check=True)
        assert said.stdout == f"{home} -P -m cli a b\n"


def test_the_list_of_make_breaks_between_words_at_80_columns() -> None:
    listed = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    plain = re.sub(r"\x1b\[\d*m", "", listed).splitlines()
    assert len([line for line in plain if line.startswith("  make ")]) > 10
    assert max(map(len, plain)) <= 80
