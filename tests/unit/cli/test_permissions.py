"""`./shop permissions`: which role may do what, why, and what a script gets."""

from collections.abc import Callable

import pytest

from deployed.permissions.grants import Grant
from deployed.permissions.standing import Report, Standing, Use
from tests.support.front_door import Result

type Run = Callable[..., Result]

GET = Standing(Grant("Order/GetRole", "dynamodb:GetItem", "Order/Orders"), "call", 1200)
LOGS = Standing(Grant("Order/GetRole", "policy:AWSLambdaBasicExecutionRole", "*"), "function", 0)
READS = Standing(Grant("Order/RelayRole", "dynamodb:GetRecords", "Order/Orders/stream"), "DynamoDB stream reader", 0)
SCAN = Standing(Grant("Order/RelayRole", "dynamodb:Scan", "Order/Orders"), None, 0)
DENIED = Use("Order/GetRole", "dynamodb:Query", "Order/Orders", False)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[Report], None]:
    return lambda report: monkeypatch.setattr("cli.commands.permissions.standing_of", lambda _stack: report)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.session._PIPE_WIDTH", 80)


def words(said: Result) -> list[list[str]]:
    return [line.split() for line in said.out.splitlines() if line.strip()]


def test_each_role_is_a_line(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET, LOGS, READS), (), recorded=True))
    said = run("permissions")
    assert said.code == 0
    assert ["Order/GetRole", "2", "1", "1", "0", "1,200"] in words(said)
    assert ["Order/RelayRole", "1", "0", "1", "0", "0"] in words(said)
    assert "✓ 2 roles, 3 permissions: 1 for own calls, 2 that AWS needs, 0 unused." in " ".join(said.out.split())
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_what_nothing_needs_and_what_was_denied_is_exit_code_1(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET, READS, SCAN), ((DENIED, 3),), recorded=True))
    said = run("permissions")
    assert said.code == 1
    assert "✗ nothing needs Order/RelayRole: dynamodb:Scan on Order/Orders" in said.out
    assert "✗ denied 3 times: Order/GetRole: dynamodb:Query on Order/Orders" in said.out


def test_a_role_is_shown_with_its_reasons(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET, LOGS, READS), (), recorded=True))
    for name in ("Order/Get", "Order/GetRole"):
        text = " ".join(run("permissions", "--role", name).out.split())
        assert "dynamodb:GetItem" in text
        assert "SAM attaches it to every role" in text
        assert "GetRecords" not in text


def test_only_the_unused_are_shown_when_asked(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET, SCAN), (), recorded=False))
    said = run("permissions", "--unused")
    assert said.code == 1
    assert "dynamodb:Scan" in said.out
    assert "dynamodb:GetItem" not in said.out
    assert "recorded on the embedded AWS only" in " ".join(said.out.split())
    found(Report((GET,), (), recorded=True))
    said = run("permissions", "--unused")
    assert (said.code, len(said.out.splitlines())) == (0, 1)


def test_a_script_gets_everything(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET, SCAN), ((DENIED, 3),), recorded=True))
    assert run("permissions", "--json").json == {
        "ok": False,
        "permissions": [
            {
                "role": "Order/GetRole",
                "action": "dynamodb:GetItem",
                "resource": "Order/Orders",
                "condition": "",
                "why": "call",
                "used": 1200,
            },
            {
                "role": "Order/RelayRole",
                "action": "dynamodb:Scan",
                "resource": "Order/Orders",
                "condition": "",
                "why": None,
                "used": 0,
            },
        ],
        "denied": [
            {
                "role": "Order/GetRole",
                "action": "dynamodb:Query",
                "resource": "Order/Orders",
                "times": 3,
            }
        ],
    }


def test_a_role_that_is_not_there_is_a_wrong_call(run: Run, found: Callable[[Report], None]) -> None:
    found(Report((GET,), (), recorded=True))
    said = run("permissions", "--role", "Order/Nobody")
    assert said.code == 2
    assert "There is no role Order/Nobody" in said.err
