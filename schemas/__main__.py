"""Writes every generated file. Exits with 1 and writes nothing if a published event would become incompatible."""

import sys

from schemas import published
from schemas.files import ROOT, generated


def main() -> int:
    if broken := published.breaking_changes():
        print("\n".join(broken), "Give the event a new version, or make the change an optional field.", sep="\n")
        return 1
    for path, text in (generated() | published.files()).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
