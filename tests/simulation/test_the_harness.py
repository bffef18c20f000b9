"""What the harness claims of AWS, in small: triggers retry, and definitions are followed, as they are there."""

from collections.abc import Iterator
from typing import Any

import pytest

from order import place
from tests.simulation.deployment import deployment
from tests.simulation.expressions import NotModelled
from tests.simulation.simulation import new_simulation
from tests.simulation.small_aws import running_as
from tests.simulation.stage import INVENTORY, LEDGER, Stage
from tests.simulation.stories import CHECKOUT
from tests.simulation.workflow import Execution, Failure

BUSY, FINAL = Failure("Busy", "later"), Failure("Final", "no")


@pytest.fixture
def execution() -> Execution:
    """Tries A four times unless it is final, then goes to B."""
    definition = {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "A", "Payload": {"id": "{% $states.input.id %}"}},
                "Retry": [
                    {"ErrorEquals": ["Final"], "MaxAttempts": 0},
                    {"ErrorEquals": ["States.ALL"], "MaxAttempts": 3},
                ],
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Assign": {"why": "{% $parse($states.errorOutput.Cause).errorMessage %}"},
                        "Next": "B",
                    }
                ],
                "Output": "{% $states.result.Payload %}",
                "Next": "Done",
            },
            "B": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "B", "Payload": {"why": "{% $why %}"}},
                "End": True,
            },
            "Done": {"Type": "Succeed"},
        },
    }
    return Execution("1", "machine", definition, {"id": 7}, lambda _token: None)


def test_a_task_gets_its_arguments_and_its_output_goes_on(execution: Execution) -> None:
    assert execution.begin() == ("A", {"id": 7})
    assert not execution.ready
    execution.returned({"fine": True})
    assert (execution.status, execution.state) == ("SUCCEEDED", "Done")


def test_a_fault_is_retried_as_often_as_the_definition_says_and_then_caught(execution: Execution) -> None:
    for _ in range(4):
        assert execution.state == "A"
        execution.begin()
        execution.failed(BUSY)
    assert execution.begin() == ("B", {"why": "later"})
    execution.returned(None)
    assert execution.status == "SUCCEEDED"


def test_of_the_retriers_the_first_that_matches_decides(execution: Execution) -> None:
    execution.begin()
    execution.failed(FINAL)
    assert execution.begin() == ("B", {"why": "no"})


def test_what_nothing_catches_ends_the_execution(execution: Execution) -> None:
    execution.begin()
    execution.failed(Failure("States.Runtime"))
    assert execution.status == "FAILED", "States.ALL does not match States.Runtime"


def test_a_state_that_the_harness_was_not_taught_is_not_passed_over() -> None:
    with pytest.raises(NotModelled):
        Execution("1", "machine", {"StartAt": "A", "States": {"A": {"Type": "Map"}}}, {}, lambda _token: None)


def test_only_the_first_token_holder_is_woken_and_only_once(stage: Stage) -> None:
    stage.place("pm_review")
    stage.shop.settle_down()
    (review,) = (execution for execution in stage.shop.executions if execution.waiting)
    assert review.woken("another") == Failure("Sfn.TaskTimedOutException")
    assert review.woken(review.token) is None
    assert review.woken(review.token) == Failure("Sfn.TaskTimedOutException")


def test_a_function_knows_only_its_own_variables(stage: Stage) -> None:
    functions = deployment().functions
    assert {name for name in functions["Order.Get"].environment if name.endswith("_TABLE")} == {"ORDERS_TABLE"}
    with running_as("order.get", functions["Order.Get"].environment), pytest.raises(KeyError):
        place._order_of_key("customer", "key")


def test_no_handler_can_hide_what_was_not_modelled(stage: Stage) -> None:
    """Though its front door turns every exception into an answer."""

    def scan(*_call: Any) -> Any:
        raise NotModelled("Scan")

    stage.shop.aws.boundary = scan
    with pytest.raises(NotModelled):
        stage.people.place()


def test_a_message_fails_alone_and_in_the_end_lies_dead(stage: Stage) -> None:
    checkout = stage.place()
    stage.goes_to(checkout, "Capture payment")
    stage.cancel()
    stage.relay()
    settle = stage.shop.consumer("payment.settle")
    stage.shop.aws.down = {LEDGER}
    (message,) = settle.queue.messages
    for receives in range(1, settle.queue.definition.receives + 1):
        assert settle.queue.messages == [message]
        stage.shop.run(settle.begin())
        assert message.receives == receives
    assert (settle.queue.messages, settle.dead_letters.messages) == ([], [message])


def test_a_stream_stands_still_at_what_failed(stage: Stage) -> None:
    stage.place()
    stage.cancel()
    sync = stage.shop.stream("inventory.sync")
    assert sync.ready
    position = sync.position
    stage.shop.aws.down = {INVENTORY}
    stage.shop.run(sync.begin())
    assert (sync.ready, sync.position) == (True, position)
    stage.shop.aws.down = set()
    stage.shop.run(sync.begin())
    assert not sync.ready


def test_an_event_reaches_exactly_the_targets_of_the_rules_that_select_it() -> None:
    assert set(targets("OrderPlaced")) == {"Order.TimelineQueue", CHECKOUT}
    assert set(targets("OrderCancelled")) == {"Order.TimelineQueue", "Payment.SettleQueue", "Workflows.Wake"}


def targets(type_: str) -> Iterator[str]:
    event = {"source": "shop.order", "detail-type": type_, "detail": {"data": {"order_id": "ord_1"}}}
    return (rule.target for rule in deployment().rules.values() if rule.takes(event))


def test_two_shops_know_nothing_of_each_other() -> None:
    with new_simulation() as first:
        first.tables["Order.Orders"].write((("S", b"x"),), {"pk": {"S": "x"}})
        with new_simulation() as second:
            assert second.rows("Order.Orders") == []
