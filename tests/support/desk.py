"""The command line of a deployed shop, as a person uses it."""

import json
from typing import Any

import pytest

from cli.app import main
from tests.support.eventually import eventually
from tests.support.shop import RunningShop


class Desk:
    """An operator's command line."""

    def __init__(self, shop: RunningShop, capsys: pytest.CaptureFixture[str]) -> None:
        self._shop, self._home, self._capsys = shop, str(shop.stack.file.parent), capsys

    def types(self, *line: str) -> Any:
        """Runs the command with --json and returns its output. Fails if the command fails."""
        code, said = self.tries(*line)
        assert code == 0, said
        return said

    def tries(self, *line: str) -> tuple[int, Any]:
        self._capsys.readouterr()
        code = main(["--home", self._home, *line, "--json"])
        said = self._capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    def counts(self, place: str) -> int:
        """Returns how many messages a place of dead letters holds."""
        found: int = next(one["count"] for one in self.types("dlq", "ls") if one["place"] == place)
        return found

    def letter(self, place: str) -> dict[str, Any]:
        """Waits until the place holds one message, and returns it."""
        eventually(lambda: self._depth(place), 1)
        (shown,) = self.types("dlq", "show", place)
        found: dict[str, Any] = shown
        return found

    def _depth(self, place: str) -> int:
        shop, where = self._shop, self._shop.table(place)
        if place == "FailureBucket":
            return int(shop.aws("s3").list_objects_v2(Bucket=where)["KeyCount"])
        name = "ApproximateNumberOfMessages"
        attributes = shop.aws("sqs").get_queue_attributes(QueueUrl=where, AttributeNames=[name])["Attributes"]
        return int(attributes[name])
