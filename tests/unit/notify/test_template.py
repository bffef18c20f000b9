"""What must agree between the template and the code, and what the template lets an operator ask for."""

import re
from pathlib import Path
from typing import Any

import pytest

from notify import endpoint, ses
from notify.delivery import ANNOUNCED, RECORD_SECONDS
from shopkit.aws import client
from tools.expand import expand

TEMPLATE = expand(Path("services/notify/template.yaml"))
RESOURCES = TEMPLATE["Resources"]


def properties(resource: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[resource]["Properties"]
    return found


@pytest.mark.parametrize("channel", ["Email", "Webhook"])
def test_each_channel_hears_of_what_is_told(channel: str) -> None:
    heard = properties(f"{channel}Subscription")["FilterPolicy"]["type"]
    assert set(heard) == {event.__name__ for event in ANNOUNCED}


@pytest.mark.parametrize("channel", ["Email", "Webhook"])
def test_a_function_knows_its_queues_last_attempt(channel: str) -> None:
    attempts = properties(channel)["Environment"]["Variables"]["ATTEMPTS"]
    assert (
        properties(f"{channel}Queue")["RedrivePolicy"]["maxReceiveCount"] == attempts == {"Ref": f"{channel}Attempts"}
    )


@pytest.mark.parametrize(("function", "seconds"), [("Webhook", endpoint.most_seconds()), ("Email", ses.MOST_SECONDS)])
def test_a_batch_of_time_outs_fits_into_the_functions_own(function: str, seconds: float) -> None:
    """The last of them is begun, and what became of it is recorded."""
    batch = properties(f"{function}Messages")["BatchSize"]
    assert batch * seconds + RECORD_SECONDS < properties(function)["Timeout"]


def test_the_sdk_gives_up_on_ses_in_that_time() -> None:
    config: Any = client("sesv2").meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout <= ses.MOST_SECONDS


def test_the_description_of_the_attempts_tells_how_far_apart_they_are() -> None:
    minutes = properties("WebhookQueue")["VisibilityTimeout"] / 60
    assert f" {minutes:g} minutes apart" in TEMPLATE["Parameters"]["WebhookAttempts"]["Description"]


def test_without_an_address_there_is_nothing_that_costs() -> None:
    def those(condition: str) -> set[str]:
        return {name for name, resource in RESOURCES.items() if resource.get("Condition") == condition}

    assert those("HasWebhook") == {"Webhook", "WebhookRole", "WebhookMessages", "WebhookSecret", "WebhookSubscription"}
    assert those("HasOperatorsEmail") == {"OperatorsByEmail"}
    assert those("HasOperatorsPhone") == {"OperatorsByText"}


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("WebhookUrl", "", True),
        ("WebhookUrl", "https://example.com", True),
        ("WebhookUrl", "https://hooks.example.com:8443/orders/1?token=a%20b", True),
        ("WebhookUrl", "http://127.0.0.1:8000/orders", True),
        ("WebhookUrl", "http://localhost/", True),
        ("WebhookUrl", "http://example.com/orders", False),
        ("WebhookUrl", "http://localhost.example.com/", False),
        ("WebhookUrl", "http://localhost@example.com/", False),
        ("WebhookUrl", "https://user:password@example.com/", False),
        ("WebhookUrl", "https://example.com/a b", False),
        ("WebhookUrl", "ftp://example.com", False),
        ("OperatorsPhone", "", True),
        ("OperatorsPhone", "+12065550100", True),
        ("OperatorsPhone", "206-555-0100", False),
    ],
)
def test_a_parameter_takes_only_what_works(parameter: str, value: str, accepted: bool) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) is accepted
