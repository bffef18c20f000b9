"""Scenario 11: a crash at any AWS call of any function, and a retry as its trigger retries, leave what no crash leaves.

The points are enumerated, not sampled: every call of every story, just before and just after; and besides, refused,
repeated by the SDK, and in conflict with a transaction. The functions come from the templates, so that a new one fails
the last test until a story drives it.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.simulation.crashes import ending_of, every_crash, possible
from tests.simulation.deployment import deployment
from tests.simulation.stories import STORIES

type Record = Callable[[str, object], None]


@pytest.mark.parametrize("name", STORIES)
def test_scenario_11_a_story_ends_alike_wherever_it_crashes(name: str, record_property: Record) -> None:
    report = every_crash(STORIES[name])
    record_property("figures", f"{name}: {report}")
    assert not report.violations, "\n".join(report.violations[:20])


def test_scenario_11_the_stories_crash_every_function_that_calls_aws(record_property: Record) -> None:
    points: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for story in STORIES.values():
        for call in ending_of(story).calls:
            calls[call.function] += 1
            points[call.function] += len(possible(call))
    functions = {function.module for function in deployment().functions.values()}
    for service in ("order", "inventory", "payment"):
        mine = [f"{name} {points[name]}" for name in sorted(functions) if name.startswith(f"{service}.")]
        record_property("figures", f"{len(mine)} handlers of {service}, with their crash points: {', '.join(mine)}")
    record_property(
        "figures", f"in all {len(functions)} handlers, {points.total()} crash points, {len(STORIES)} stories"
    )
    assert calls.keys() == functions, "a function without a story that drives it, or one that calls nothing"
