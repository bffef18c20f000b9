"""Scenario 21: cancel races confirm (and settle, and the goods' sync) in 1,000 interleavings, and exactly one wins.

Each seed decides everything: the card, when the customer cancels, who is fast and who is slow, whose clock is wrong,
who dies, what is delivered twice. `races.race(seed)` repeats one.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.simulation.races import race

SEEDS = 250


# The daily loop takes the first share of the thousand.
SHARES = [pytest.param(first, marks=pytest.mark.long if first else ()) for first in range(0, 1_000, SEEDS)]


@pytest.mark.parametrize("first", SHARES)
def test_scenario_21_exactly_one_wins_and_money_and_stock_agree(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    winners: Counter[str] = Counter()
    violations = []
    for seed in range(first, first + SEEDS):
        ended = race(seed)
        winners[ended.winner] += 1
        violations += [f"seed {seed}, {ended.story}: {fault}" for fault in ended.faults]
    shares = ", ".join(f"{name} first {number}" for name, number in winners.most_common())
    record_property("figures", f"{SEEDS} interleavings from {first}: {shares}; {len(violations)} violations")
    assert not violations, "\n".join(violations[:20])
    assert min(winners["OrderCancelled"], winners["OrderConfirmed"]) > SEEDS / 10, (
        "a race that one side hardly ever wins"
    )
