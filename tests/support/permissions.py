"""What the roles of a deployed stack used and were denied, as the embedded AWS recorded it."""

from collections import Counter
from collections.abc import Iterator

from deployed.calls import FILE, Call
from deployed.permissions.standing import Use, uses
from deployed.stack import Stack


class Recorded:
    """Reads the record once: each call of `news` returns what has come since the last one."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._path, self._position = stack, stack.file.parent / FILE, 0

    def news(self) -> Counter[Use]:
        return uses(self._new_calls(), self._stack.resources.all)

    def denied(self) -> set[Use]:
        return {use for use in self.news() if not use.allowed}

    def _new_calls(self) -> Iterator[Call]:
        if self._path.stat().st_size < self._position:  # a new file was begun
            self._position = 0
        with self._path.open("rb") as lines:
            lines.seek(self._position)
            for line in lines:
                if line.endswith(b"\n"):
                    self._position += len(line)
                    yield Call.of_line(line)
