"""A stack that is a file, for tests of the code that finds it there."""

import json
from pathlib import Path

import pytest

from tests.support.front_door import DETAILS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "stack.json").write_text(json.dumps(DETAILS))
    return tmp_path
