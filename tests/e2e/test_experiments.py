"""Every experiment: what it breaks fails as it says, heals, and everything holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployed.experiments import model
from deployed.experiments.breaks import UNDO, Breaks
from deployed.experiments.lab import Lab, NotAsExpected, run
from deployed.front_door import FrontDoor
from tests.support.deployment import switch_checkout
from tests.support.desk import Desk
from tests.support.shop import RunningShop

# What a reader of docs/reliability.md may want to see broken.
PROMISES = {1, 2, 3, 4, 5, 6, 7}
SERVICES = {"SNS", "SQS", "SQS FIFO", "Lambda", "EventBridge", "Kinesis", "Step Functions", "DynamoDB Streams", "MSK"}


@pytest.fixture
def checkout_as_needed(shop: RunningShop, name: str) -> Iterator[None]:
    """Other tests leave checkout as EXPRESS, whose executions nobody can stop."""
    machine = shop.table("Workflows/Checkout")
    before = shop.aws("stepfunctions").describe_state_machine(stateMachineArn=machine)["type"]
    needed = "STANDARD" if model.read(name).needs == "standard" else before
    if needed == before:
        yield
        return
    switch_checkout(shop, needed)
    yield
    switch_checkout(shop, before)


@pytest.mark.usefixtures("checkout_as_needed")
@pytest.mark.parametrize("name", model.names())
def test_it_goes_as_it_says(shop: RunningShop, desk: Desk, name: str) -> None:
    breaks = [wanted for step in model.read(name).steps for wanted in step.breaks or ()]
    shop.may_be_denied |= {(each.to, each.deny) for each in breaks if isinstance(each, model.DenyAction)}
    code, said = desk.tries("experiment", "run", name)
    assert code == 0, said
    assert said["ok"]


def test_one_that_expects_too_much_fails_and_heals(shop: RunningShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployed.experiments.lab.PATIENCE_SECONDS", 1)
    bold = model.read("consumer-down").model_copy(
        update={
            "steps": (
                model.Step.model_validate({"say": "Break", "break": [{"hurry": "Order/CatalogueQueue"}]}),
                model.Step.model_validate({"say": "Hope", "await": [{"available": 4}]}),
            )
        }
    )
    before = visibility(shop)
    url, customer, operator = shop.stack.details.api_url, shop.customer.token, shop.operator.token
    with FrontDoor(url, customer) as buyer, FrontDoor(url, operator) as desk:
        lab = Lab(shop.stack, buyer, desk)
        with pytest.raises(NotAsExpected, match=re.escape('{"available": 4}, found 5')):
            run(lab, bold, lambda _line: None)
    assert visibility(shop) == before


def test_what_a_killed_run_left_is_healed_by_the_next_command(shop: RunningShop, desk: Desk) -> None:
    before = visibility(shop)
    Breaks(shop.stack).make(model.HurryQueue(hurry="Order/CatalogueQueue"))
    assert visibility(shop) == "1"
    assert (shop.stack.file.parent / UNDO).exists()

    assert desk.types("experiment", "heal") == {"healed": 1}

    assert visibility(shop) == before
    assert desk.types("experiment", "heal") == {"healed": 0}


def visibility(shop: RunningShop) -> str:
    name = "VisibilityTimeout"
    queue = shop.table("Order/CatalogueQueue")
    found: str = shop.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    return found


def test_every_promise_and_every_service_has_one() -> None:
    found = [model.read(name) for name in model.names()]
    assert {one.promise for one in found} == PROMISES
    assert {one.service for one in found} >= SERVICES


def test_an_unknown_one_is_refused_with_a_list(desk: Desk) -> None:
    code, said = desk.tries("experiment", "run", "nothing")
    assert code == 2
    assert "consumer-down" in str(said)


def test_a_file_that_is_no_experiment_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("title: Nothing else\n")
    with pytest.raises(Exception, match="is not an experiment"):
        model.of_file(file)
