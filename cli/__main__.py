"""`./shop`, or `python -m cli` in the project's folder."""

import signal
import sys
from pathlib import Path

# Until there is somebody to catch it, Ctrl-C ends this as it ends any program: without the traceback of half an import.
heard = signal.getsignal(signal.SIGINT)
if heard is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Event models come from the layer, which Lambda finds by itself.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "layer"))

from cli.app import main  # noqa: E402

signal.signal(signal.SIGINT, heard)
sys.exit(main(sys.argv[1:]))
