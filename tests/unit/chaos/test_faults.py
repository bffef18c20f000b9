"""A plan of faults: the same for the same seed, within its rate, of every kind, and only where a spell says."""

from collections import Counter
from dataclasses import replace

import pytest

from chaos.run import foreseen, plan_of
from deployed.faults import Course, Fault, Kind, Operation, Plan, Spell, Where

NOW = 1_000.0
WRITE = Operation("call", "dynamodb", "PutItem", '{"TableName": "orders"}')


def plan(seed: int, **spell: object) -> Plan:
    return Plan(seed, NOW, (Spell(**{"rate": 0.05, "until": NOW + 60, **spell}),))  # type: ignore[arg-type]


def drawn(of: Plan, operation: Operation, times: int) -> list[Fault | None]:
    course = Course(of)
    return [course.next(operation, NOW) for _ in range(times)]


def test_the_same_seed_is_the_same_plan_and_another_is_not() -> None:
    assert drawn(plan(7), WRITE, 500) == drawn(plan(7), WRITE, 500)
    assert drawn(plan(7), WRITE, 500) != drawn(plan(8), WRITE, 500)
    assert foreseen(plan_of(7, 0.05, 10, NOW), 200) == foreseen(plan_of(7, 0.05, 10, NOW + 5), 200)


def test_what_other_operations_do_in_between_changes_nothing() -> None:
    alone = drawn(plan(7), WRITE, 300)
    course, read = Course(plan(7)), replace(WRITE, name="GetItem")
    among = []
    for _ in range(300):
        course.next(read, NOW)
        among.append(course.next(WRITE, NOW))
    assert among == alone


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2, 1.0])
def test_the_rate_is_kept(rate: float) -> None:
    hit = sum(fault is not None for fault in drawn(plan(1, rate=rate), WRITE, 4_000))
    assert abs(hit / 4_000 - rate) < 0.02


@pytest.mark.parametrize(
    ("where", "kinds"),
    [
        ("call", {Kind.ERROR, Kind.LOST, Kind.THROTTLE, Kind.DELAY, Kind.KILL}),
        ("request", {Kind.ERROR, Kind.LOST, Kind.THROTTLE, Kind.DELAY}),
        ("delivery", {Kind.DUPLICATE}),
        ("batch", {Kind.DUPLICATE}),
        ("message", {Kind.REORDER}),
    ],
)
def test_every_kind_happens_where_it_can(where: Where, kinds: set[Kind]) -> None:
    found = [fault for fault in drawn(plan(3, rate=1.0), replace(WRITE, where=where), 200) if fault]
    assert {fault.kind for fault in found} == kinds
    assert all(0 < fault.seconds < 5 for fault in found if fault.kind in (Kind.DELAY, Kind.REORDER))


def test_errors_are_now_and_then_stubborn_and_kills_come_before_and_after() -> None:
    found = [fault for fault in drawn(plan(3, rate=1.0), WRITE, 200) if fault]
    assert Counter(fault.stubborn for fault in found if fault.kind is Kind.ERROR).keys() == {True, False}
    assert Counter(fault.after for fault in found if fault.kind is Kind.KILL).keys() == {True, False}


@pytest.mark.parametrize(
    "fits",
    [
        {"service": "events"},
        {"names": ("GetItem",)},
        {"place": "payments"},
        {"until": NOW},
        {"kinds": (Kind.DUPLICATE,)},
    ],
    ids=str,
)
def test_a_spell_hits_nothing_else(fits: dict[str, object]) -> None:
    assert drawn(plan(3, rate=1.0), WRITE, 20)[0] is not None
    assert set(drawn(plan(3, rate=1.0, **fits), WRITE, 20)) == {None}


def test_a_plan_is_read_as_it_was_written() -> None:
    written = replace(plan(3, names=("PutItem",), kinds=(Kind.KILL,), place="orders"), hurry=NOW)
    assert Plan.of_text(written.text()) == written


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"seed": 1}', '{"seed": 1, "begun": 2, "spells": [{"kinds": ["x"]}]}']
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Plan.of_text(text)
