"""Faults that an operator may cause on purpose, to watch the shop recover. Each is an AWS call that anybody with the
permission could make in the console. Nothing is stored here: AWS is asked each time whether a fault is active."""

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from operators.queue import send, url_of
from shopkit.aws import client
from shopkit.problems import Problem, busy, conflict, not_found

# The visibility timeout of the e-mail queue while e-mails are off: after five receives, in about a minute, a message
# becomes a dead letter. The other value is the one in services/notify/template.yaml, six times the function's timeout.
_SOON_SECONDS, _AS_DEPLOYED_SECONDS = 10, 180
_OFF = {"Disabled", "Disabling"}


@dataclass(frozen=True)
class Break:
    """`heal` and `broken` are None for a fault that happens once and leaves nothing switched off."""

    name: str
    title: str
    explains: str
    do: Callable[[], None]
    heal: Callable[[], None] | None = None
    broken: Callable[[], bool] | None = None

    def view(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "explains": self.explains,
            "broken": self.broken() if self.broken else False,
            "switch": self.heal is not None,
        }


def breaks() -> list[Break]:
    """Raises Problem 404 in an environment where nothing may be broken."""
    if not os.environ["BREAKS"]:
        raise Problem(HTTPStatus.NOT_FOUND, "breaks-off", "Nothing can be broken on purpose in this environment.")
    return list(_BREAKS)


def break_named(name: str) -> Break:
    """Raises Problem 404 if there is no such break."""
    for found in breaks():
        if found.name == name:
            return found
    raise not_found("break")


def _stop_emails() -> None:
    # In this order, and healed in the reverse order: a message must not come back while the function works on it.
    client("lambda").put_function_concurrency(FunctionName=os.environ["EMAIL_FUNCTION"], ReservedConcurrentExecutions=0)
    _seen_again_after(_SOON_SECONDS)


def _start_emails() -> None:
    _seen_again_after(_AS_DEPLOYED_SECONDS)
    client("lambda").delete_function_concurrency(FunctionName=os.environ["EMAIL_FUNCTION"])


def _emails_are_stopped() -> bool:
    answer = client("lambda").get_function_concurrency(FunctionName=os.environ["EMAIL_FUNCTION"])
    return answer.get("ReservedConcurrentExecutions") == 0


def _seen_again_after(seconds: int) -> None:
    client("sqs").set_queue_attributes(
        QueueUrl=url_of(os.environ["EMAIL_QUEUE"]), Attributes={"VisibilityTimeout": str(seconds)}
    )


def _stop_timeline() -> None:
    _switch_timeline(on=False)


def _start_timeline() -> None:
    _switch_timeline(on=True)


def _switch_timeline(*, on: bool) -> None:
    try:
        client("lambda").update_event_source_mapping(UUID=os.environ["TIMELINE_READER"], Enabled=on)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceInUseException":  # it is still being switched
            raise busy() from error
        raise


def _timeline_is_stopped() -> bool:
    return client("lambda").get_event_source_mapping(UUID=os.environ["TIMELINE_READER"])["State"] in _OFF


def _poison_emails() -> None:
    send(os.environ["EMAIL_QUEUE"], "This text is not an event.", group="poison", once=str(uuid.uuid4()))


def _kill_checkout() -> None:
    """Raises Problem 409 if no checkout can be stopped."""
    states, machine = client("stepfunctions"), os.environ["CHECKOUT_ARN"]
    if states.describe_state_machine(stateMachineArn=machine)["type"] == "EXPRESS":
        raise conflict(
            "checkouts-are-express",
            "EXPRESS checkouts can be neither listed nor stopped. Deploy CheckoutType=STANDARD.",
        )
    running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)["executions"]
    if not running:
        raise conflict(
            "no-checkout-runs",
            "No checkout is running at the moment. Place an order with pm_flaky, which takes a while, and try again "
            "while it is PLACED.",
        )
    states.stop_execution(executionArn=running[0]["executionArn"], error="Killed", cause="Stopped by an operator.")


_BREAKS = (
    Break(
        "email-consumer",
        "Switch e-mails off",
        "Lambda rejects every call of the function that sends e-mails. Each message is tried five times, ten seconds "
        "apart, and after about a minute it is a dead letter. Heal it, then send the dead letters back, and the "
        "e-mails arrive.",
        _stop_emails,
        _start_emails,
        _emails_are_stopped,
    ),
    Break(
        "timeline-consumer",
        "Switch timelines off",
        "Nothing reads the timeline queue any more. Orders continue, but their timelines stand still while the queue "
        "grows. Once healed, the timelines catch up, and nothing is missing.",
        _stop_timeline,
        _start_timeline,
        _timeline_is_stopped,
    ),
    Break(
        "poison-message",
        "Plant a poison message",
        "Sends a message that no consumer can read to the e-mail queue. It does not delay other messages. After five "
        "tries, three minutes apart, it is a dead letter. No retry can make it readable, so remove it with "
        "./shop dlq drop PLACE ID.",
        _poison_emails,
    ),
    Break(
        "kill-checkout",
        "Kill a checkout",
        "Stops the newest running checkout in the middle of its order. The order stays PLACED and keeps its reserved "
        "stock and authorized payment. The reconciler starts the checkout again ten minutes after the order was "
        "placed. Nothing is charged twice.",
        _kill_checkout,
    ),
)
