"""What a burst costs one machine.

AWS: starts another execution environment for every concurrent invocation; a layer is unpacked once and mounted
(Lambda Developer Guide, "Understanding Lambda function scaling", "Managing Lambda dependencies with layers").
Emulator: does the same with processes, each of which takes 75 MB and a second of one core, a third of it to unpack the
layers again and a tenth to import what botocore uses if it is there, which Lambda's runtime has not: a burst of 200
orders starts hundreds, and everything stands still.
Fix: unpack a layer once for all; hide those packages; let a function's invocations wait for one of a few environments.
Only what a function invokes itself never waits: its caller may be holding the last one.
Goes when: MiniStack shares unpacked layers and can cap the workers of a function without throttling.
"""

import hashlib
import io
import os
import tempfile
import threading
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from emulator.patching import expect, module, original

ENVIRONMENTS = max(4, 2 * (os.cpu_count() or 1))  # per function
QUEUE_READERS = (
    2  # concurrent batches per queue: the least that AWS lets a template ask for; 5 is the emulator's default
)
HIDDEN = ("awscrt", "OpenSSL")
READ_LAYERS, OUR_LAYERS = "_LAMBDA_LAYERS_DIRS", "UNPACKED_LAYERS"


def apply() -> None:
    functions, runtime = module("services.lambda_svc"), module("core.lambda_runtime")
    expect(hasattr(functions, "_ESM_SQS_DEFAULT_CONCURRENCY"), "the default concurrency of SQS mappings")
    functions._ESM_SQS_DEFAULT_CONCURRENCY = QUEUE_READERS
    hide = "".join(f"sys.modules[{package!r}] = None\n" for package in HIDDEN)
    runtime._PYTHON_WORKER_SCRIPT = f"import sys\n{hide}{runtime._PYTHON_WORKER_SCRIPT}"
    _unpack_once(functions, runtime)
    _wait_for_an_environment(functions)


def _unpack_once(functions: Any, runtime: Any) -> None:
    spawn = original(runtime.Worker, "_spawn", "self")
    content = original(functions, "_resolve_layer_zip", "attachment")
    lookup = f'os.environ.get("{READ_LAYERS}", "")'
    expect(runtime._PYTHON_WORKER_SCRIPT.count(lookup) == 1, "where the Python worker looks for its layers")
    unpacked = Unpacked()

    def spawn_worker(self: Any) -> None:
        configured = self.config
        layers = [data for layer in configured.get("Layers") or [] if (data := content(layer))]
        variables = (configured.get("Environment") or {}).get("Variables") or {}
        ours = {OUR_LAYERS: os.pathsep.join(str(unpacked.folder(data)) for data in layers)}
        self.config = {**configured, "Layers": [], "Environment": {"Variables": {**variables, **ours}}}
        try:
            spawn(self)
        finally:
            self.config = configured

    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(READ_LAYERS, OUR_LAYERS)
    runtime.Worker._spawn = spawn_worker


class Unpacked:
    """Folders with the content of layers, made on first use. They go with the server's temporary folder."""

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}
        self._lock = threading.Lock()

    def folder(self, data: bytes) -> Path:
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if digest not in self._folders:
                folder = Path(tempfile.mkdtemp(prefix="layer-"))
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    archive.extractall(folder)
                self._folders[digest] = folder
            return self._folders[digest]


def _wait_for_an_environment(functions: Any) -> None:
    execute = original(functions, "_execute_function_warm", "func event request_id")
    expect(hasattr(functions, "_invoke_depth"), "the depth of invocations by functions")
    environments: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(ENVIRONMENTS))
    lock = threading.Lock()

    def execute_function(func: Any, event: Any, request_id: str) -> Any:
        if functions._invoke_depth.get() > 1:  # 1 is a client's own call
            return execute(func, event, request_id)
        with lock:
            environment = environments[(func.get("config") or func).get("FunctionArn", "")]
        with environment:
            return execute(func, event, request_id)

    functions._execute_function_warm = execute_function
