"""Limits the time of a call that has no time-out of its own, such as a name look-up."""

import queue
import threading
from collections.abc import Callable


def within[Answer](seconds: float, call: Callable[[], Answer]) -> Answer:
    """Returns what `call` returns, or raises what it raises. Raises TimeoutError after so many seconds; the call then
    continues in the background and its result is ignored."""
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
