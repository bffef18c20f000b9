"""What a function's execution environments cost on one machine.

AWS: each concurrent invocation has an environment of its own, started on hardware of its own.
Emulator: likewise one process each, started on this machine's few cores, and each with its own unzipped copy of the
code and the layer (20 MB, a thousand files): a burst of orders spends its time on cold starts.
Fix: environments of the same code share one unzipped copy, and a function has at most `LIMIT` of them; a further
invocation waits for one to be free. To its caller that looks like latency, as a cold start does on AWS.
Goes when: MiniStack shares unzipped code and can queue at a ceiling instead of throttling.
"""

import hashlib
import shutil
import tempfile
import threading
import time
import types
import zipfile
from pathlib import Path
from typing import Any

from emulator.patching import module, original

LIMIT = 2
# Longer than any function of the shop may run; then the caller is throttled, as MiniStack does at once.
PATIENCE_SECONDS = 60


def apply() -> None:
    runtime = module("core.lambda_runtime")
    functions = module("services.lambda_svc")
    acquire = original(runtime, "acquire_worker", "func_name config code_zip qualifier max_concurrency")
    release = original(runtime, "release_worker", "worker")
    freed = threading.Condition()

    def acquire_worker(*args: Any, **options: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        with freed:
            while True:
                worker, reason = acquire(*args, **{"max_concurrency": LIMIT, **options})
                left = deadline - time.monotonic()
                if worker is not None or left <= 0:
                    return worker, reason
                freed.wait(left)

    def release_worker(worker: Any) -> None:
        with freed:
            release(worker)
            freed.notify_all()

    for namespace in (runtime, functions):
        namespace.acquire_worker = acquire_worker
        namespace.release_worker = release_worker
    runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": _shared_copies()})


def _shared_copies() -> type[zipfile.ZipFile]:
    copies = Path(tempfile.mkdtemp(prefix="unzipped-"))
    unzipping = threading.Lock()

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            """Makes `path` a link to the one unzipped copy of this content."""
            target = Path(path)
            content = repr([(entry.filename, entry.CRC) for entry in self.infolist()])
            copy = copies / hashlib.sha256(content.encode()).hexdigest()
            with unzipping:
                if not copy.exists():
                    partial = copy.with_suffix(".partial")
                    shutil.rmtree(partial, ignore_errors=True)
                    super().extractall(partial, members, pwd)
                    partial.rename(copy)
            target.rmdir()
            target.symlink_to(copy)

    return SharedZipFile
