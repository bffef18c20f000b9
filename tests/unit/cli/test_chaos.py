"""`chaos` and `weather`: what they print, and where they refuse to run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from audit.result import CheckResult
from chaos import imposing
from chaos.run import Report
from cli.commands import chaos
from deployed import calls
from deployed.calls import Call
from deployed.errors import CommandError
from deployed.faults import FILE, Plan, Spell
from deployed.stack import Stack
from tests.support.front_door import Result

type Run = Callable[..., Result]

CHECKS = (CheckResult(1, "stock", "2 skus", ()), CheckResult(2, "money and goods", "3 orders", ()))


def report(**changes: object) -> Report:
    known = {
        "seed": 7, "orders": 60, "rate": 0.05, "at": "2026-01-01T12:00:00.000000Z", "seconds": 42.0,
        "injected": {"error": {"dynamodb": 20, "events": 3}, "kill": {"dynamodb": 4}},
        "endings": {"CONFIRMED": 59, "REJECTED (out_of_stock)": 1},
        "redriven": {"Payment/SettleDeadLetters": 1}, "settled": 1, "restarted": 0, "refused": (),
        "checks": CHECKS, "violations": (),
    }  # fmt: skip
    return Report(**{**known, **changes})  # type: ignore[arg-type]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    reports = [report()]
    monkeypatch.setattr(chaos, "run", lambda _stack, **_options: reports[0])
    monkeypatch.setattr(chaos, "run_audit", lambda _stack: CHECKS)
    return reports


def test_the_plan_is_printed_and_the_same_again(run: Run) -> None:
    once, again = run("chaos", "--seed", "7", "--plan"), run("chaos", "--seed", "7", "--plan")
    assert once.code == 0
    assert once.out == again.out != run("chaos", "--seed", "8", "--plan").out
    assert "call dynamodb:PutItem" in once.out
    found = run("chaos", "--seed", "7", "--plan", "--json").json
    assert (found["seed"], found["rate"]) == (7, 0.05)


def test_a_run_without_violations_ends_well(run: Run, ran: list[Report]) -> None:
    found = run("chaos", "--seed", "7")
    assert found.code == 0
    for told in ("27 faults injected", "60 orders ended", "out of stock", "1 letter redriven", "✓ 0 violations"):
        assert told in found.out
    assert run("chaos", "--seed", "7", "--json").json["ok"] is True


def test_a_violation_fails_and_is_named(run: Run, ran: list[Report]) -> None:
    ran[0] = report(violations=("stock: MUG: -1 available",))
    found = run("chaos", "--seed", "7", "--orders", "60")
    assert found.code == 1
    assert "stock: MUG: -1 available" in found.out
    assert "./shop chaos --orders 60 --seed 7" in found.err


def test_a_shop_that_is_wrong_already_is_left_alone(
    run: Run, ran: list[Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "run_audit", lambda _stack: [CheckResult(1, "stock", "2 skus", ("MUG: -1",))])
    found = run("chaos")
    assert found.code == 1
    assert "./shop audit" in found.err


def test_another_plan_in_force_is_not_disturbed(home: Path) -> None:
    stack = Stack.local(home)
    other = Plan(1, 5.0, (Spell(0.1, until=50.0),))
    with imposing.in_force(stack, other):
        with pytest.raises(CommandError, match="already in force"), imposing.in_force(stack, Plan(2, 10.0)):
            pytest.fail("two plans")
        assert (home / FILE).read_text() == other.text()
        # A plan that was left behind by a killed run, and whose time is over, is replaced.
        with imposing.in_force(stack, Plan(2, 60.0)) as late:
            assert (home / FILE).read_text() == late.plan.text()
    assert not (home / FILE).exists()


def test_faults_are_counted_from_the_record(home: Path) -> None:
    def fault(at: float, kind: str, service: str) -> str:
        return Call("fault", at, 0.0, "role", service, "PutItem", error=kind).line() + "\n"

    lines = [fault(1, "error", "dynamodb"), fault(6, "error", "dynamodb"), fault(7, "kill", "events")]
    (home / calls.FILE).write_text("".join(lines))
    with imposing.in_force(Stack.local(home), Plan(1, 5.0)) as found:
        assert imposing.by_kind(found.suffered()) == {"error": {"dynamodb": 1}, "kill": {"events": 1}}


def test_weather_ends_after_its_minutes(run: Run, home: Path) -> None:
    found = run("weather", "--seed", "1", "--minutes", "0")
    assert (found.code, found.out) == (0, "✓ Fair again, after 0 faults.\n")
    assert not (home / FILE).exists()


@pytest.mark.parametrize("line", [["chaos"], ["weather"]], ids=str)
def test_on_aws_it_refuses(run: Run, line: list[str], monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    local = Stack.local(home)
    remote = Stack(local.details.model_copy(update={"endpoint_url": None}), local.file, local.session)
    monkeypatch.setattr(Stack, "on_aws", lambda *_arguments, **_options: remote)
    found = run("--stack", "cartwheel", *line)
    assert found.code == 1
    assert "make run" in found.err
    assert not (home / FILE).exists()
