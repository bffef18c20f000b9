from collections.abc import Iterator

import pytest

from tests.simulation.stage import Stage, staged


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage
