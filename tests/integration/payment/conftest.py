from collections.abc import Iterator

import pytest

from tests.support.payments import Service, payment_service


@pytest.fixture
def service() -> Iterator[Service]:
    with payment_service() as service:
        yield service
