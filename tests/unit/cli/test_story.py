"""What stands below a story: the steps of its checkouts."""

from datetime import UTC, datetime

import pytest
from rich.table import Table

from cli.checkout_pictures import steps_picture
from deployed.checkouts import Checkout, Checkouts
from deployed.front_door import Order
from tests.support.front_door import order

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("run", "status", "told"),
    [
        ("SUCCEEDED", "REJECTED", "Checkout: ended (order rejected)"),
        ("SUCCEEDED", "AWAITING_REVIEW", "Checkout: ended (order awaiting review)"),
        ("TIMED_OUT", "REJECTED", "Checkout: timed out"),
        ("RUNNING", "PLACED", "Checkout: running"),
    ],
)
def test_a_checkout_that_ran_to_its_end_is_not_said_to_have_succeeded(run: str, status: str, told: str) -> None:
    checkouts_ = Checkouts(express=False, runs=(Checkout(NOON, run, ()),))
    (steps,) = steps_picture(checkouts_, [], Order.model_validate(order(status=status)))
    assert isinstance(steps, Table)
    assert steps.title == told
