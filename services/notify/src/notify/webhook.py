"""Sends each event of an order as a signed POST to the configured endpoint."""

import json
import os
from typing import Any

from contracts.envelope import Envelope
from notify import domain, endpoint, signing_keys
from notify.delivery import ANNOUNCED, RECORD_SECONDS, announce
from notify.domain import Notification
from notify.signature import signature
from shopkit import clock
from shopkit.consumer import Delivery, consumer


@consumer(*ANNOUNCED, fifo=True)
def handler(delivery: Delivery) -> None:
    """One POST per event that the endpoint accepts, in the order of the order's events. It may see an event twice,
    with the same id. After the last attempt the event goes to the dead-letter queue, and NotificationFailed is
    published."""

    def send(event: Envelope[Any], intent: Notification) -> Notification:
        body = payload(event)
        headers = _signed(str(event.event_id), body)
        # Fetching the key may have taken time.
        delivery.require(endpoint.most_seconds() + RECORD_SECONDS)
        return domain.sent(intent, str(endpoint.post(os.environ["WEBHOOK_URL"], body, headers)), clock.now())

    announce(delivery, "webhook", seconds=endpoint.most_seconds(), prepare=_intend, send=send)


def payload(event: Envelope[Any]) -> bytes:
    """Returns the event as in its schema, with the `type` and `timestamp` that Standard Webhooks recommends."""
    detail = event.model_dump(mode="json")
    message = {"type": event.type, "timestamp": detail.pop("occurred_at"), **detail}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _intend(_event: Envelope[Any], notification: Notification) -> Notification:
    return domain.sending(notification, None, clock.now())


def _signed(id_: str, body: bytes) -> dict[str, str]:
    """Returns the headers of an attempt. Each attempt has a signature with its own time stamp, so that an old request
    cannot be replayed."""
    now = int(clock.now().timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "Cartwheel",
        "webhook-id": id_,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(signing_keys.current(), id_, now, body),
    }
