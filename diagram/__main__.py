"""Writes the pictures of the architecture and the page's data. Exits with 1 if a node has no place or no sentence."""

import sys

from diagram.files import Incomplete, generated
from tools.expand import ROOT


def main() -> int:
    try:
        files = generated()
    except Incomplete as error:
        print(error)
        return 1
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
