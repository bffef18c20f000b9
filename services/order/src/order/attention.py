"""What became of a closed order's money → whether a person must look at the order."""

from contracts.payment import PaymentDeclined, PaymentRefunded, PaymentSettlementFailed, PaymentVoided
from order import domain, store
from order.domain import Order
from shopkit import clock
from shopkit.consumer import Delivery, consumer


@consumer(PaymentSettlementFailed, PaymentVoided, PaymentRefunded, PaymentDeclined)
def handler(delivery: Delivery) -> None:
    """An authorization whose answer the settlement could not learn may turn out declined: then nothing was to be given
    back, and no one need look any more either."""
    event, version = delivery.event.data, delivery.event.entity_version

    def rule(order: Order) -> Order:
        if isinstance(event, PaymentSettlementFailed):
            return domain.settlement_failed(order, version, "settlement_failed", clock.now())
        return domain.settled(order, version, clock.now())

    store.change(event.order_id, rule)
