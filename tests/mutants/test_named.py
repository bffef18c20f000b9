"""docs/proof.md names every mutant, and where it is killed."""

import re

from deployed.stack import PROJECT
from tests.mutants import simulated, test_deployed

PAGE = (PROJECT / "docs" / "proof.md").read_text()


def test_the_page_names_the_mutants() -> None:
    named = dict(re.findall(r"^\| ([^|]+) \| (the (?:simulation|deployed stack)) \|$", PAGE, re.MULTILINE))
    assert named == {
        **{mutant.name: "the simulation" for mutant in simulated.MUTANTS},
        **{mutant.name: "the deployed stack" for mutant in test_deployed.MUTANTS},
    }
    assert len(named) == 12
