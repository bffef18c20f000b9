"""`./shop`, or `python -m cli` in the project's folder."""

import signal
import sys
from pathlib import Path

# Until the command handles Ctrl-C, it should end the program as usual, without a traceback from an unfinished import.
original_handler = signal.getsignal(signal.SIGINT)
if original_handler is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Event models come from the layer, which Lambda finds by itself.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "layer"))

from cli.app import main  # noqa: E402

signal.signal(signal.SIGINT, original_handler)
sys.exit(main(sys.argv[1:]))
