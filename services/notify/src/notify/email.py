"""An order's event → one mail to its customer. An intent before sending and a record after make it effectively once."""

import os
from typing import Any

from contracts.envelope import Envelope
from contracts.order import OrderCancelled, OrderConfirmed, OrderHeldForReview, OrderPlaced, OrderRejected
from notify import customers, domain, messages, ses, store
from notify.domain import Mail, Notification
from shopkit import clock
from shopkit.consumer import Delivery, consumer
from shopkit.telemetry import logger


@consumer(OrderPlaced, OrderConfirmed, OrderRejected, OrderCancelled, OrderHeldForReview, fifo=True)
def handler(delivery: Delivery) -> None:
    """One mail per event, in the order of the order's events. After the last attempt the event goes to the dead-letter
    queue, and NotificationFailed says so."""
    event = delivery.event
    try:
        _tell(event, store.find(event.event_id, "email"))
    except Exception as failure:
        if delivery.attempt >= int(os.environ["EMAIL_ATTEMPTS"]):
            # The name alone: a message may quote the address, which must not reach the bus.
            _give_up(event, type(failure).__name__)
        raise


def _tell(event: Envelope[Any], earlier: Notification | None) -> None:
    if earlier and earlier.told:
        logger.info("told already", status=earlier.status)
        return
    notification = earlier or domain.about(event, clock.now())
    mail = _mail_again(notification) or _mail(event)
    if mail is None:
        store.save(domain.failed(notification, "no_address", clock.now()), earlier)
        return
    intent = domain.sending(notification, mail, clock.now())
    sender = ses.sender()
    if sender is None:
        store.save(domain.kept(intent, "no_sender", clock.now()), earlier)
        return
    store.save(intent, earlier)
    store.save(_sent(intent, mail, sender), intent)


def _mail(event: Envelope[Any]) -> Mail | None:
    address = customers.email_of(event.data.customer_id)
    return messages.render(event, address) if address else None


def _mail_again(notification: Notification) -> Mail | None:
    """What an attempt that left no outcome meant to send: the same words to the same address."""
    if notification.mail:
        # The audit line of a possible repetition: SES cannot be asked whether it took the first one.
        logger.warning("mail may be sent twice", message_id=notification.mail.message_id)
    return notification.mail


def _sent(intent: Notification, mail: Mail, sender: str) -> Notification:
    try:
        return domain.sent(intent, ses.send(mail, sender), clock.now())
    except ses.MayNotSend as refusal:
        return domain.kept(intent, str(refusal), clock.now())


def _give_up(event: Envelope[Any], reason: str) -> None:
    before = store.find(event.event_id, "email")
    notification = before or domain.about(event, clock.now())
    if not notification.told:
        store.save(domain.failed(notification, reason, clock.now()), before)
