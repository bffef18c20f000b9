"""A call that answers in time, or is given up: it may wait for what has no time-out of its own, as a resolver."""

import queue
import threading
from collections.abc import Callable


def within[Answer](seconds: float, call: Callable[[], Answer]) -> Answer:
    """What `call` answers or raises. Raises TimeoutError after so long; the call then goes on for nobody."""
    done: queue.Queue[tuple[Answer | None, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            done.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            done.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        answer, error = done.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error:
        raise error
    return answer  # type: ignore[return-value]
