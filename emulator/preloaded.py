"""Forks execution environments of Python functions from a process that has imported what Lambda's runtime brings.

`fixes/forked_environments` starts it, with the folders of the layers as arguments and a socket as standard input. Each
message on the socket asks for one environment and carries its standard streams; the answer is its process id and a
descriptor of the process. It imports nothing of this project, because an environment would inherit that.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

HIDDEN = ("awscrt", "OpenSSL")  # what botocore uses if it is there, which Lambda's runtime has not
# Nothing that reads its environment while it is imported: an environment gets its own only after the fork.
MODULES = ("boto3", "botocore.handlers", "pydantic.main", "jinja2", "wrapt")
CLIENT = "dynamodb"  # botocore imports most of itself only for a client, and all clients share most of its files
MOST_BYTES = 131_072


def main(layers: list[str]) -> None:
    sys.modules.update(dict.fromkeys(HIDDEN))  # type: ignore[arg-type]
    control, own_path = socket.socket(fileno=0), list(sys.path)
    sys.path[:0] = [str(folder) for layer in layers for folder in (Path(layer), Path(layer, "python"))]
    _preload()
    sys.path[:] = own_path
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    gc.collect()
    gc.freeze()
    control.send(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})).encode())
    while True:
        message, streams, _, _ = socket.recv_fds(control, MOST_BYTES, 3)
        if not message:
            return  # the server has ended
        process = os.fork()
        if not process:
            break
        descriptor = os.pidfd_open(process)
        socket.send_fds(control, [str(process).encode()], [descriptor])
        for each in (*streams, descriptor):
            os.close(each)
    control.detach()
    _become(json.loads(message), streams)


def _preload() -> None:
    for name in MODULES:
        with contextlib.suppress(ImportError):  # a layer that a function goes without
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        session, loaders = importlib.import_module("botocore.session"), importlib.import_module("botocore.loaders")
        load = loaders.JSONFileLoader.load_file
        loaded = cache(lambda path: load(loaders.JSONFileLoader(), path))
        loaders.JSONFileLoader.load_file = lambda _self, path: loaded(path)
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        session.Session().create_client(CLIENT, region_name="us-east-1", **keys)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(environment: dict[str, Any], streams: list[int]) -> None:
    """Turns this process, which was just forked, into what `python SCRIPT` would be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment["variables"])
    time.tzset()
    os.chdir(environment["folder"])
    script = environment["script"]
    sys.argv[:], sys.path[:0] = [script], [str(Path(script).parent)]
    exec(compile(Path(script).read_bytes(), script, "exec"), {"__name__": "__main__", "__file__": script})  # noqa: S102


if __name__ == "__main__":
    main(sys.argv[1:])
