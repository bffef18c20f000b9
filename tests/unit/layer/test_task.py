"""A workflow's task: its input is checked before it runs, and its exceptions keep the names that workflows catch."""

from typing import Any

import pytest
from pydantic import ValidationError

from shopkit.task import OrderTask, task


class NotToday(Exception):
    pass


def test_a_task_gets_its_model_and_what_it_returns_is_handed_on() -> None:
    @task(OrderTask)
    def handler(wanted: OrderTask) -> dict[str, str]:
        return {"seen": wanted.order_id}

    assert handler({"order_id": "ord_1", "more": 1}, None) == {"seen": "ord_1"}


@pytest.mark.parametrize("given", [{}, {"order_id": None}, {"order_id": 7}, [], None, "ord_1"])
def test_an_input_of_another_form_is_refused_before_anything_is_done(given: Any) -> None:
    ran: list[OrderTask] = []
    with pytest.raises(ValidationError) as refused:
        task(OrderTask)(ran.append)(given, None)
    assert ran == []
    assert "input_value" not in str(refused.value)


def test_an_outcome_keeps_its_name() -> None:
    @task(OrderTask)
    def handler(_wanted: OrderTask) -> None:
        raise NotToday

    with pytest.raises(NotToday):
        handler({"order_id": "ord_1"}, None)
