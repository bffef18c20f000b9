"""What the channels share: each event is sent once, in order, and every attempt leaves a record."""

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

# Reserved for writing an outcome, even if the table is slow.
RECORD_SECONDS = 4

type Step = Callable[[Envelope[Any], Notification], Notification]


def announce(delivery: Delivery, channel: Channel, *, seconds: float, prepare: Step, send: Step) -> None:
    """Sends a notification of an event through a channel, unless that was done before.

    `prepare` turns the notification into an intent to send, or into an outcome if nothing is to be sent. `send` turns
    the intent into an outcome. The intent is written before sending and the outcome after it, so that a crash between
    the two leaves a record.

    Raises OutOfTime if less time is left than the `seconds` that sending may take and the time to record the outcome.
    Also raises whatever `prepare` and `send` raise. The queue then delivers the event again, with those behind it. The
    last of the function's ATTEMPTS is recorded as failed first.
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
            # Other exceptions are named only: their message may quote the address, which must not reach the bus.
            _give_up(event, channel, str(failure) if isinstance(failure, Undelivered) else type(failure).__name__)
        raise


def _give_up(event: Envelope[Any], channel: Channel, reason: str) -> None:
    before = store.find(event.event_id, channel)
    notification = before or domain.about(event, channel, clock.now())
    if not notification.done:
        store.save(domain.failed(notification, reason, clock.now()), before)
