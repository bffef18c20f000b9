"""The server process of the embedded AWS: MiniStack with the fixes applied. Run as `python -m emulator.server`; see
`lifecycle`."""

import gc
import sys
from importlib.metadata import version

from emulator import faults, state, tap
from emulator.fixes import apply_all
from emulator.patching import VERSION, Mismatch, module

INCOMPATIBLE, UNREADABLE = 3, 4  # exit codes
# The account only grows, and each look at all of it for cycles stops every answer: a sixth of what a write cost.
COLLECT_AFTER = 50_000, 20, 100


def main() -> None:
    try:
        found = version("ministack")
        if found != VERSION:
            raise Mismatch(f"expected ministack {VERSION}, found {found}")
        account = state.apply()  # innermost: it sees only requests that were allowed, exactly as they were carried out
        faults.apply(tap.apply())
        apply_all()
        account.load()
    except Mismatch as mismatch:
        print(
            f"The embedded AWS cannot start: {mismatch}.\n"
            f"Its fixes were written for ministack {VERSION}: install that version (requirements/dev.txt pins it), or "
            "adapt emulator/fixes.",
            file=sys.stderr,
        )
        sys.exit(INCOMPATIBLE)
    except state.Unreadable as unreadable:
        print(unreadable, file=sys.stderr)
        sys.exit(UNREADABLE)
    gc.set_threshold(*COLLECT_AFTER)
    sys.argv[1:] = []
    module("app").main()


if __name__ == "__main__":
    main()
