"""A fix touches only code that looks as it did when the fix was written."""

from types import SimpleNamespace

import pytest

from emulator import patching
from emulator.patching import Mismatch


def test_a_function_with_other_parameters_is_refused() -> None:
    owner = SimpleNamespace(__name__="service", run=lambda event, context: None)
    assert patching.original(owner, "run", "event context") is owner.run
    with pytest.raises(Mismatch, match=r"service.run\(event\), found service.run\(event context\)"):
        patching.original(owner, "run", "event")
    with pytest.raises(Mismatch, match=r"service\.gone to exist"):
        patching.original(owner, "gone")


def test_a_missing_module_is_refused() -> None:
    with pytest.raises(Mismatch, match=r"ministack\.services\.nothing cannot be imported"):
        patching.module("services.nothing")
