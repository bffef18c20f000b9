"""The storm finds nothing wrong with the product, and kills every mutant of it."""

from collections.abc import Callable

import pytest

from tests.mutants.simulated import MUTANTS
from tests.mutants.storm import storm
from tests.simulation.planted import Bug

# Without a mutant nothing is wrong in as many storms as a mutant gets to show itself in.
CALM_SEEDS, SEEDS = range(60), range(400)


def test_the_product_survives(record_property: Callable[[str, object], None]) -> None:
    wrong = {seed: violations for seed in CALM_SEEDS if (violations := storm(seed))}
    record_property("figures", f"{len(CALM_SEEDS)} storms over the product: {len(wrong)} with violations")
    assert not wrong


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_killed(mutant: Bug, record_property: Callable[[str, object], None]) -> None:
    with mutant.plant():
        for seed in SEEDS:
            if violations := storm(seed):
                record_property("figures", f"mutant killed: {mutant.name:<56} storm {seed}, {violations[0][:60]}")
                return
    pytest.fail(f"survived {len(SEEDS)} storms")


def test_the_same_seed_is_the_same_storm() -> None:
    mutant = next(one for one in MUTANTS if one.name == "settle leaves no tombstone")
    with mutant.plant():
        found = [storm(seed) for seed in range(8)]
        again = [storm(seed) for seed in range(8)]
    assert found == again
    assert any(found)
