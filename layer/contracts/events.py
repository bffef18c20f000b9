"""All event types, by service."""

from contracts import inventory, notify, order, payment
from contracts.envelope import EventData

EVENTS: tuple[type[EventData], ...] = (
    order.OrderPlaced,
    order.OrderHeldForReview,
    order.OrderReviewed,
    order.OrderConfirmed,
    order.OrderRejected,
    order.OrderCancelled,
    order.OrderNeedsAttention,
    inventory.StockReserved,
    inventory.StockRejected,
    inventory.StockCommitted,
    inventory.StockReleased,
    inventory.StockReturned,
    inventory.ProductUpdated,
    inventory.StockLow,
    payment.PaymentAuthorized,
    payment.PaymentDeclined,
    payment.PaymentCaptured,
    payment.PaymentVoided,
    payment.PaymentRefunded,
    payment.PaymentSettlementFailed,
    notify.NotificationSent,
    notify.NotificationFailed,
)
