"""What one request costs before anybody has looked at it.

AWS: terminates HTTP on machines of its own.
Emulator: is served by Hypercorn, which reads and writes HTTP/1.1 in pure Python: a quarter of what an order costs the
server's one thread.
Fix: serve the same application by uvicorn, whose parser is llhttp. Connections are kept and ended as before; sockets
of the web are refused as before (`access`).
Goes when: MiniStack is served by something that does not parse in Python.
"""

from importlib import import_module
from typing import Any

import uvicorn

from emulator.patching import original


def apply() -> None:
    server = import_module("hypercorn.asyncio")
    original(server, "serve", "app config shutdown_trigger mode")
    vars(server)["serve"] = serve


async def serve(app: Any, config: Any) -> None:
    """What Hypercorn's `serve` does with the settings that MiniStack gives it."""
    host, _, port = config.bind[0].rpartition(":")
    settings = uvicorn.Config(
        app,
        host=host,
        port=int(port),
        http="httptools",
        ws="none",
        proxy_headers=False,
        reset_contextvars=True,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # MiniStack sends one
        timeout_keep_alive=int(config.keep_alive_timeout),
        timeout_graceful_shutdown=int(config.graceful_timeout),
    )
    await uvicorn.Server(settings).serve()
