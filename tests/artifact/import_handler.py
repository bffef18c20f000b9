"""Run by test_bytecode.py in a bare interpreter: import a handler from the given folders, report what that took."""

import json
import sys
import sysconfig
from importlib import import_module
from importlib.machinery import SourceFileLoader
from typing import Any

handler, *folders = sys.argv[1:]
sys.path += folders
standard_library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
compiled: list[str] = []
source_to_code = SourceFileLoader.source_to_code


def note(self: SourceFileLoader, data: Any, path: Any, **options: Any) -> Any:
    compiled.append(str(path))
    return source_to_code(self, data, path, **options)


SourceFileLoader.source_to_code = note  # type: ignore[assignment,method-assign]
module, _, name = handler.rpartition(".")
if not callable(getattr(import_module(module), name)):
    sys.exit(f"{handler} is not a function")

own = (*folders, *standard_library)
files = {file for loaded in list(sys.modules.values()) if (file := getattr(loaded, "__file__", None))} - {__file__}
foreign = [file for file in sorted(files) if not file.startswith(own) or "site-packages" in file]
in_library = tuple(standard_library)
print(json.dumps({"compiled": [path for path in compiled if not path.startswith(in_library)], "foreign": foreign}))  # noqa: T201
