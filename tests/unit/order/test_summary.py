"""What a timeline says of an event, once."""

from typing import Any

import pytest

from order.summary import summary


@pytest.mark.parametrize(
    ("event", "data", "sentence"),
    [
        ("OrderCancelled", {"reason": "cancelled_by_operator"}, "Cancelled: by operator"),
        ("OrderRejected", {"reason": "out_of_stock"}, "Rejected: out of stock"),
        ("PaymentDeclined", {"payment_method": "pm_declined", "reason": "declined"}, "pm_declined refused: declined"),
    ],
)
def test_a_reason_is_not_said_twice(event: str, data: dict[str, Any], sentence: str) -> None:
    assert summary(event, data) == sentence
