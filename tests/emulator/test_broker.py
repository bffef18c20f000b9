"""A broker of our own is found again and ends when it is told to; one of somebody else's has to be there."""

from pathlib import Path

import pytest

from emulator import broker
from emulator.lifecycle import EmulatorError


def test_start_reuse_stop(tmp_path: Path) -> None:
    address = broker.start(tmp_path)
    try:
        assert broker.start(tmp_path) == address, "a running broker is found again"
        assert broker.existing(address) == address
    finally:
        assert broker.stop(tmp_path)
    assert not broker.stop(tmp_path), "stopping twice is no mistake"
    with pytest.raises(EmulatorError, match="No Kafka broker answers"):
        broker.existing(address)


@pytest.mark.parametrize("address", ["", "kafka", ":9092", "kafka:", "kafka:x"])
def test_what_is_no_address_is_said_so(address: str) -> None:
    with pytest.raises(EmulatorError, match="is host:port"):
        broker.existing(address)
