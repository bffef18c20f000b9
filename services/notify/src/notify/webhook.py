"""An order's event → one signed POST to the endpoint that follows orders."""

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
    with the same id. After the last attempt the event goes to the dead-letter queue, and NotificationFailed says so."""

    def send(event: Envelope[Any], intent: Notification) -> Notification:
        body = payload(event)
        headers = _signed(str(event.event_id), body)
        # Fetching the key took its time.
        delivery.require(endpoint.most_seconds() + RECORD_SECONDS)
        return domain.sent(intent, str(endpoint.post(os.environ["WEBHOOK_URL"], body, headers)), clock.now())

    announce(delivery, "webhook", seconds=endpoint.most_seconds(), prepare=_intend, send=send)


def payload(event: Envelope[Any]) -> bytes:
    """The event as its schema has it, with the `type` and `timestamp` that Standard Webhooks recommends."""
    detail = event.model_dump(mode="json")
    message = {"type": event.type, "timestamp": detail.pop("occurred_at"), **detail}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _intend(_event: Envelope[Any], notification: Notification) -> Notification:
    return domain.sending(notification, None, clock.now())


def _signed(id_: str, body: bytes) -> dict[str, str]:
    """The headers of an attempt. Each is signed anew: the time stamp is the attempt's, so that an old request cannot be
    replayed."""
    now = int(clock.now().timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "Cartwheel",
        "webhook-id": id_,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(signing_keys.current(), id_, now, body),
    }
