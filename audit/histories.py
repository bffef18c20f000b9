"""The histories that a row's state allows: for each version of an entity, the events of that change.

Most states allow only one. If a row does not show which way it took, there are several, and the events must match
exactly one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Self

from audit.evidence import Notification, Order, Payment, Reservation
from contracts.envelope import event_id
from contracts.orders_stream import OrderStatus

type Change = tuple[str, ...]
type History = tuple[Change, ...]

_RESERVATION: dict[str, tuple[History, ...]] = {
    "RESERVED": ((("StockReserved",),),),
    "REJECTED": ((("StockRejected",),),),
    "COMMITTED": ((("StockReserved",), ("StockCommitted",)),),
    # Either released before anything was reserved, so that a late reserve finds the order closed, or released
    # afterwards.
    "RELEASED": ((("StockReleased",),), (("StockReserved",), ("StockReleased",))),
    "RETURNED": ((("StockReserved",), ("StockCommitted",), ("StockReturned",)),),
}
_PAYMENT: dict[str, History] = {
    "UNPAID": (),
    "DECLINED": (("PaymentDeclined",),),
    "AUTHORIZED": (("PaymentAuthorized",),),
    "CAPTURED": (("PaymentAuthorized",), ("PaymentCaptured",)),
    "VOIDED": (("PaymentAuthorized",), ("PaymentVoided",)),
    "REFUNDED": (("PaymentAuthorized",), ("PaymentCaptured",), ("PaymentRefunded",)),
}
_CLOSED = {OrderStatus.REJECTED, OrderStatus.CANCELLED}


@dataclass(frozen=True)
class OrderState:
    status: OrderStatus = OrderStatus.PLACED
    review: str | None = None
    attention: bool = False

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls(order.status, order.review, bool(order.attention))

    def __str__(self) -> str:
        review, attention = f", review {self.review}" if self.review else "", ", attention" if self.attention else ""
        return self.status.value + review + attention

    def changes(self) -> Iterator[tuple[Change, "OrderState"]]:
        """Returns every legal next change."""
        match self.status:
            case OrderStatus.PLACED:
                yield ("OrderConfirmed",), self.become(OrderStatus.CONFIRMED)
                yield ("OrderRejected",), self.become(OrderStatus.REJECTED)
                if self.review is None:
                    yield ("OrderHeldForReview",), self.become(OrderStatus.AWAITING_REVIEW)
            case OrderStatus.AWAITING_REVIEW:
                yield ("OrderReviewed",), replace(self, status=OrderStatus.PLACED, review="approved")
                yield ("OrderReviewed", "OrderRejected"), replace(self, status=OrderStatus.REJECTED, review="rejected")
        if self.status not in _CLOSED:
            yield ("OrderCancelled",), self.become(OrderStatus.CANCELLED)
        elif self.attention:
            yield (), replace(self, attention=False)  # the money was given back; the order changes without an event
        else:
            yield ("OrderNeedsAttention",), replace(self, attention=True)

    def become(self, status: OrderStatus) -> "OrderState":
        return replace(self, status=status)


def of_order(order: Order) -> list[History]:
    paths = _paths((("OrderPlaced",),), OrderState(), order.version)
    return [history for history, state in paths if state == OrderState.of(order)]


def of_reservation(reservation: Reservation) -> list[History]:
    return [history for history in _RESERVATION[reservation.status] if len(history) == reservation.version]


def of_payment(payment: Payment) -> list[History]:
    """Returns the histories of a payment. A settlement may have failed once, at any point, before the payment reached
    its present state."""
    path = _PAYMENT[payment.status]
    if payment.version == len(path) and not payment.settlement_failed:
        return [path]
    if payment.version == len(path) + 1:
        return [(*path[:at], ("PaymentSettlementFailed",), *path[at:]) for at in range(len(path) + 1)]
    return []


def of_notification(notification: Notification) -> list[History]:
    """Returns the history of a notification: an event for each failed attempt, and one for the last attempt if it
    succeeded."""
    failed: Change = ("NotificationFailed",)
    if notification.status in {"SENT", "KEPT"}:
        return [(failed,) * (notification.version - 1) + (("NotificationSent",),)]
    return [(failed,) * notification.version]


def ids(history: History, entity_id: str) -> dict[str, str]:
    """Returns the names of the history's events, by event id."""
    return {
        str(event_id(name, entity_id, version)): f"{name} {version}"
        for version, change in enumerate(history, start=1)
        for name in change
    }


def _paths(history: History, state: OrderState, length: int) -> Iterator[tuple[History, OrderState]]:
    if len(history) == length:
        return iter([(history, state)])
    return chain.from_iterable(_paths((*history, change), after, length) for change, after in state.changes())
