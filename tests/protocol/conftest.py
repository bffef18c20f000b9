from collections.abc import Iterator

import pytest

from tests.support.protocol.stage import Stage, staged


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage
