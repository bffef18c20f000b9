"""Sends one mail per event of an order to its customer. An intent before sending and a record after it make it once."""

from typing import Any

from contracts.envelope import Envelope
from notify import customers, domain, messages, ses
from notify.delivery import ANNOUNCED, announce
from notify.domain import Mail, Notification
from shopkit import clock
from shopkit.consumer import Delivery, consumer
from shopkit.telemetry import logger


@consumer(*ANNOUNCED, fifo=True)
def handler(delivery: Delivery) -> None:
    """One mail per event, in the order of the order's events. After the last attempt the event goes to the dead-letter
    queue, and NotificationFailed is published."""
    announce(delivery, "email", seconds=ses.MOST_SECONDS, prepare=_write, send=_send)


def _write(event: Envelope[Any], notification: Notification) -> Notification:
    mail = _mail_again(notification) or _mail(event)
    if mail is None:
        return domain.failed(notification, "no_address", clock.now())
    intent = domain.sending(notification, mail, clock.now())
    return intent if ses.has_sender() else domain.kept(intent, "no_sender", clock.now())


def _mail(event: Envelope[Any]) -> Mail | None:
    address = customers.email_of(event.data.customer_id)
    return messages.render(event, address) if address else None


def _mail_again(notification: Notification) -> Mail | None:
    """Returns the mail of an earlier attempt without outcome: the same text to the same address."""
    if notification.mail:
        # Logged because SES cannot be asked whether it accepted the first mail.
        logger.warning("mail may be sent twice", message_id=notification.mail.message_id)
    return notification.mail


def _send(_event: Envelope[Any], intent: Notification) -> Notification:
    assert intent.mail is not None
    try:
        return domain.sent(intent, ses.send(intent.mail), clock.now())
    except ses.MayNotSend as refusal:
        return domain.kept(intent, str(refusal), clock.now())
