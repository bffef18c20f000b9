"""`./shop`, or `python -m cli` in the project's folder."""

import sys
from pathlib import Path

# Event models come from the layer, which Lambda finds by itself.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "layer"))

from cli.app import main

sys.exit(main(sys.argv[1:]))
