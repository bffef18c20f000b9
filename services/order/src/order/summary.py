"""One sentence per event, for the timeline."""

from collections.abc import Callable, Mapping
from typing import Any

type Data = Mapping[str, Any]


def summary(event_type: str, data: Data) -> str:
    return _SENTENCES[event_type](data)


def _money(value: Mapping[str, Any]) -> str:
    number = f"{value['amount'] / 100:,.2f}"
    return f"${number}" if value["currency"] == "USD" else f"{number} {value['currency']}"


def _reason(data: Data) -> str:
    reason: str = data["reason"]
    return reason.replace("_", " ")


def _units(data: Data) -> str:
    units = sum(line["quantity"] for line in data["lines"])
    return f"{units} unit" if units == 1 else f"{units} units"


_SENTENCES: dict[str, Callable[[Data], str]] = {
    "OrderPlaced": lambda d: f"Order for {_money(d['total'])} placed, paying with {d['payment_method']}",
    "OrderHeldForReview": lambda _: "Held until an operator reviews it",
    "OrderReviewed": lambda d: f"Review: {d['decision']}",
    "OrderConfirmed": lambda d: f"Confirmed at {_money(d['total'])}",
    "OrderRejected": lambda d: f"Rejected: {_reason(d)}",
    "OrderCancelled": lambda d: f"Cancelled: {_reason(d).removeprefix('cancelled ')}",
    "OrderNeedsAttention": lambda d: f"Needs a person: {_reason(d)}",
    "StockReserved": lambda d: f"{_units(d)} reserved",
    "StockRejected": lambda d: f"Not enough stock of {', '.join(d['short'])}",
    "StockCommitted": lambda d: f"{_units(d)} sold",
    "StockReleased": lambda d: f"{_units(d)} released",
    "StockReturned": lambda d: f"{_units(d)} returned to stock",
    "PaymentAuthorized": lambda d: f"{_money(d['amount'])} authorized on {d['payment_method']}",
    "PaymentDeclined": lambda d: f"{d['payment_method']} refused: {_reason(d)}",
    "PaymentCaptured": lambda d: f"{_money(d['amount'])} captured",
    "PaymentVoided": lambda d: f"Authorization of {_money(d['amount'])} voided",
    "PaymentRefunded": lambda d: f"{_money(d['amount'])} refunded",
    "PaymentSettlementFailed": lambda d: f"{_money(d['amount'])} could not be given back: {_reason(d)}",
    "NotificationSent": lambda d: f"{d['channel']} about {d['about']} {'kept' if d['kept'] else 'sent'}",
    "NotificationFailed": lambda d: f"{d['channel']} about {d['about']} failed: {_reason(d)}",
}
