"""The command line with a front door that is a function."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest

from cli import session
from cli.app import main
from deployed import seeding
from deployed.front_door import FrontDoor
from tests.support.front_door import Door, Result


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    found = Door()
    through = partial(FrontDoor, transport=httpx2.MockTransport(found))
    monkeypatch.setattr(session, "FrontDoor", through)
    monkeypatch.setattr(seeding, "FrontDoor", through)
    monkeypatch.setattr(session, "sign_in", lambda _stack, email: f"token of {email}")
    return found


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(session, "fault_of", lambda _stack: None)  # nothing stands here, and nothing is missed

    def type_(*line: str) -> Result:
        code = main(["--home", str(home), *line])
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return type_
