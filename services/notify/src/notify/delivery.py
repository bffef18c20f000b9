"""What the channels share: which events are told, each once, in order, and with a trace of every attempt."""

import os
from collections.abc import Callable
from typing import Any

from contracts.envelope import Envelope
from contracts.order import OrderCancelled, OrderConfirmed, OrderHeldForReview, OrderPlaced, OrderRejected
from notify import domain, store
from notify.domain import Channel, Notification, Status, Undelivered
from shopkit import clock
from shopkit.consumer import Delivery
from shopkit.telemetry import logger

ANNOUNCED = (OrderPlaced, OrderHeldForReview, OrderConfirmed, OrderRejected, OrderCancelled)

# To write an outcome, should the table be slow.
RECORD_SECONDS = 4

type Step = Callable[[Envelope[Any], Notification], Notification]


def announce(delivery: Delivery, channel: Channel, *, seconds: float, prepare: Step, send: Step) -> None:
    """Tells of an event through a channel, unless it was told already.

    `prepare` makes of the notification an intent to send, or the outcome where nothing is to be sent; `send` makes the
    outcome of the intent. The intent is written before sending and the outcome after, so that a crash between the two
    leaves a trace. Nothing is begun without the `seconds` that sending may take and those to record the outcome: the
    queue delivers it again, with what follows it in its order. Raises OutOfTime then, and whatever the two raise, for
    the queue to try again; the last attempt of the function's ATTEMPTS is recorded as failed before that.
    """
    event = delivery.event
    try:
        before = store.find(event.event_id, channel)
        if before and before.done:
            logger.info("announced before", status=before.status)
            return
        delivery.require(seconds + RECORD_SECONDS)
        intent = prepare(event, before or domain.about(event, channel, clock.now()))
        store.save(intent, before)
        if intent.status is Status.SENDING:
            store.save(send(event, intent), intent)
    except Exception as failure:
        if delivery.attempt >= int(os.environ["ATTEMPTS"]):
            # Of others only the name: a message may quote the address, which must not reach the bus.
            _give_up(event, channel, str(failure) if isinstance(failure, Undelivered) else type(failure).__name__)
        raise


def _give_up(event: Envelope[Any], channel: Channel, reason: str) -> None:
    before = store.find(event.event_id, channel)
    notification = before or domain.about(event, channel, clock.now())
    if not notification.done:
        store.save(domain.failed(notification, reason, clock.now()), before)
