"""The outcome of a closed order's payment decides whether an operator must look at the order."""

from contracts.payment import PaymentDeclined, PaymentRefunded, PaymentSettlementFailed, PaymentVoided
from order import domain, store
from order.domain import Order
from shopkit import clock
from shopkit.consumer import Delivery, consumer


@consumer(PaymentSettlementFailed, PaymentVoided, PaymentRefunded, PaymentDeclined)
def handler(delivery: Delivery) -> None:
    """Flags the order if its settlement failed, and removes the flag once the money is settled.

    PaymentDeclined counts as settled: a settlement may learn late that the authorization was declined, and then there
    is nothing to give back.
    """
    event, version = delivery.event.data, delivery.event.entity_version

    def rule(order: Order) -> Order:
        if isinstance(event, PaymentSettlementFailed):
            return domain.settlement_failed(order, version, "settlement_failed", clock.now())
        return domain.settled(order, version, clock.now())

    store.change(event.order_id, rule)
