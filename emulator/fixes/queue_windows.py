"""Event source mappings of queues wait for more messages, if they have a batching window.

AWS: with MaximumBatchingWindowInSeconds a batch is gathered until it is full or the window is over (Lambda Developer
Guide, "Using Lambda with Amazon SQS": "Batching behavior").
Emulator: keeps the setting, and invokes with what is there.
Fix: a mapping takes nothing until its oldest message has waited for as long as the window, or a batch is full.
Left out: a window longer than a second ends after one, so that nobody waits for it here; AWS may wait for up to 20
seconds when there are few messages.
Goes when: MiniStack knows windows.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from emulator.patching import module, original

LONGEST_SECONDS = 1.0
MOST_MESSAGES = 10  # that the emulator takes at once


def apply() -> None:
    functions, queues = module("services.lambda_svc"), module("services.sqs")
    concurrency = original(functions, "_sqs_esm_concurrency", "esm func_rec config queue")
    timed: set[str] = set()

    def look_later(mapping_id: str, seconds: float) -> None:
        """The emulator looks when a message comes, and once a second. Looks again when the window is over."""

        def look() -> None:
            timed.discard(mapping_id)
            functions._esm_wake.set()

        if mapping_id not in timed:
            timed.add(mapping_id)
            timer = threading.Timer(seconds, look)
            timer.daemon = True
            timer.start()

    def sqs_esm_concurrency(esm: dict[str, Any], func_rec: Any, config: Any, queue: Any = None) -> int:
        """Returns none while the mapping gathers: there is then no room for another batch."""
        with queues._queues_lock:
            left = _seconds_left(esm, queue or {}, time.time())
        if left > 0:
            look_later(esm["UUID"], left)
            return 0
        return int(concurrency(esm, func_rec, config, queue))

    functions._sqs_esm_concurrency = sqs_esm_concurrency


def _seconds_left(mapping: Mapping[str, Any], queue: Mapping[str, Any], now: float) -> float:
    """Returns for how long the mapping goes on gathering, and 0 if it does not."""
    window = min(float(mapping.get("MaximumBatchingWindowInSeconds") or 0), LONGEST_SECONDS)
    if not window:
        return 0
    waiting: list[float] = [
        message["visible_at"] for message in queue.get("messages", ()) if message["visible_at"] <= now
    ]
    if not waiting or len(waiting) >= min(int(mapping.get("BatchSize") or MOST_MESSAGES), MOST_MESSAGES):
        return 0
    return max(0.0, min(waiting) + window - now)
