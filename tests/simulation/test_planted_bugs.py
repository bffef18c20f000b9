"""The suite catches what it is there to catch: each bug is planted in the real code, and then a check must fail.

The checks are those of this folder. Without the bug they hold: that is what the rest of the folder shows.
"""

from collections.abc import Callable

import pytest
from hypothesis import Phase

from tests.simulation import test_compensation_first as scenario_20
from tests.simulation import test_lost_answers as scenario_18
from tests.simulation import test_started_twice as scenario_6
from tests.simulation.crashes import crash_points, ending_of
from tests.simulation.crowd import Turn
from tests.simulation.one_order import live
from tests.simulation.planted import BUGS, Bug, edited
from tests.simulation.races import race
from tests.simulation.stage import Stage, staged
from tests.simulation.stories import STORIES

type Check = Callable[[], None]


def crashes(name: str) -> Check:
    """Scenario 11, up to the first violation."""

    def check() -> None:
        calm = ending_of(STORIES[name])
        assert not calm.faults
        for point, violations in crash_points(STORIES[name], calm):
            assert not violations, point

    return check


def races() -> None:
    """Scenario 21, up to the first violation."""
    for seed in range(1_000):
        assert not race(seed).faults, seed


def lives() -> None:
    # It ends with the first violation. How soon one is drawn depends on the ids, which are random.
    live(1000, phases=(Phase.generate,))


def scenario(test: Callable[..., None], *arguments: object) -> Check:
    def check() -> None:
        with staged() as stage:
            test(stage, *arguments)

    return check


def nobody_lives_to_tell(stage: Stage) -> None:
    scenario_20.test_scenario_20_settle_when_the_gateway_was_asked_and_nobody_lives_to_tell(
        stage, "Capture payment", scenario_20.REFUNDED, Turn.DIE_AFTER
    )


CAUGHT_BY: dict[str, list[Check]] = {
    "the order's write has lost its condition": [races],
    "any order may be confirmed": [races, scenario(scenario_18.test_scenario_18_it_was_cancelled_in_between)],
    "a confirmed order may be rejected": [
        scenario(scenario_6.test_scenario_6_one_fails_when_the_other_has_confirmed),
    ],
    "the reconciler never gives up": [crashes("its checkout lost every time")],
    "a restart has a fresh event id": [crashes("its checkout lost every time")],
    "checkout compensates before the closing write": [
        scenario(scenario_6.test_scenario_6_one_fails_when_the_other_has_confirmed),
    ],
    "settle leaves no tombstone": [scenario(scenario_20.test_scenario_20_settle_before_capture)],
    "a payment's tombstone is not looked at": [scenario(scenario_20.test_scenario_20_settle_before_capture)],
    "each attempt has a fresh gateway key": [lives, crashes("confirmed")],
    "capture leaves no intent": [scenario(nobody_lives_to_tell)],
    "settle does not ask again what was never answered": [scenario(nobody_lives_to_tell)],
    "reserve does not look at the recorded decision": [lives, crashes("confirmed")],
    "reserve takes what is not there": [lives, crashes("out of stock")],
    "release leaves no tombstone": [lives, scenario(scenario_20.test_scenario_20_release_before_reserve)],
    "a released reservation can be committed": [
        scenario(scenario_20.test_scenario_20_a_commit_that_comes_late_sells_nothing, "RELEASED"),
    ],
    "the relay does not look at FailedEntryCount": [crashes("confirmed")],
    "every publication has a fresh event id": [crashes("confirmed")],
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    for check in CAUGHT_BY[bug.name]:
        with bug.plant(), pytest.raises(AssertionError):
            check()


def test_every_bug_is_planted_and_leaves_nothing_behind(record_property: Callable[[str, object], None]) -> None:
    record_property("figures", f"{len(BUGS)} planted bugs, each caught")
    assert CAUGHT_BY.keys() == {bug.name for bug in BUGS}
    calm = ending_of(STORIES["confirmed"])
    for bug in BUGS:
        with bug.plant():
            pass
    again = ending_of(STORIES["confirmed"])
    assert (again.left, again.faults) == (calm.left, [])


def test_a_bug_whose_place_has_gone_is_no_bug_that_passes() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    with pytest.raises(ValueError, match="0 times"), edited(add, "a - b", "a + b"):
        pytest.fail("nothing was planted")
