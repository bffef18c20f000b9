"""Every command of the README, run as it is printed, in a fresh copy of the project.

The commands for a real account run against the embedded AWS: only endpoints and credentials are changed, and the layer
is built for this machine, whose processor runs it.
"""

import re
from collections.abc import Iterator

import pytest

from deployed.stack import Stack
from emulator import lifecycle
from tests.support.copies import ROOT, Copy
from tests.support.eventually import until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("readme"), pytest.mark.timeout(1500)]

README = (ROOT / "README.md").read_text()
# `make test` is this very run.
NOT_RUN = {"make test"}


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(title: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", section(title), re.DOTALL)


def test_every_section_with_commands_is_run_here() -> None:
    titles = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert [title for title in titles if blocks(title)] == ["Run it here", "Use it", "Break it", "Put it on AWS"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    copy = Copy(tmp_path_factory.mktemp("clone") / "cartwheel")
    try:
        yield copy
    finally:
        lifecycle.stop(copy.folder / ".local")


def test_a_newcomer_runs_uses_breaks_and_stops_the_shop(copy: Copy) -> None:
    commands = [block.strip() for block in blocks("Run it here") if block.strip() not in NOT_RUN]
    assert commands == ["make run"]
    story = copy.run("make run")
    assert "CONFIRMED" in story
    assert "OrderPlaced" in story

    (use,) = blocks("Use it")
    answers = copy.run(use)
    assert "HTTP/1.1 201" in answers
    assert '"status":"PLACED"' in answers
    assert '{"accepted":1}' in answers
    again = copy.run(use)
    assert "Idempotency-Replayed: true" in again
    # The five of them, and what they answer once everything has come about.
    until(lambda: copy.run('curl -s "$(./shop url)/trending"'), lambda seen: '"views":1' in seen, "the click, once")

    _break_it(copy)
    permissions = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "security.md").read_text(), re.DOTALL)
    assert "0 unused. Denied: 0." in copy.run("".join(permissions))
    copy.run("make stop")


def _break_it(copy: Copy) -> None:
    expected = {
        "pm_declined": "REJECTED",
        "pm_timeout": "CONFIRMED",
        "pm_flaky": "CONFIRMED",
        "pm_capture_fails": "REJECTED",
        "pm_review": "AWAITING_REVIEW",
        "CANDLE-CEDAR": "REJECTED",
        "pm_settle_fails": "CONFIRMED",
    }
    rows = re.findall(r"^\| (`\./shop .*?) \| (.*) \|$", section("Break it"), re.MULTILINE)
    assert len(rows) == len(expected)
    for trying, seeing in rows:
        command, *then = re.findall(r"`(\./shop [^`]*)`", f"{trying} {seeing}")
        times = 2 if trying.endswith("twice") else 1
        said = [copy.run(command) for _ in range(times)][-1]
        status = next(status for word, status in expected.items() if word in command)
        assert status in said, f"{command}: {said}"
        order_id = re.findall(r"ord_\w+", said)[0]
        for following in then:
            _follow(copy, following.replace("ORDER", order_id))
    assert "OrderPlaced" in copy.run("./shop story")
    (tracing,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "tracing.md").read_text(), re.DOTALL)
    assert "payment.authorize (attempt 3)" in copy.run(tracing)
    audit, chaos = blocks("Break it")
    assert "✗" not in copy.run(audit)
    assert "✓ 0 violations" in copy.run(chaos)


def _follow(copy: Copy, command: str) -> None:
    if "cancel" in command:
        # The minutes that a reader is told of, made short.
        stack = Stack.local(copy.folder / ".local")
        stack.client("sqs").set_queue_attributes(
            QueueUrl=stack.resources["Payment/SettleQueue"], Attributes={"VisibilityTimeout": "1"}
        )
    if "show" in command:
        until(lambda: copy.run(command), lambda said: "Needs attention" in said, "in need of attention")
    said = copy.run(command)
    if "settle" in command:
        assert "Needs attention" not in said


def test_a_person_with_an_account_deploys_uses_and_deletes_the_shop(copy: Copy) -> None:
    (commands,) = blocks("Put it on AWS")
    home = copy.folder / ".local" / "account"
    running = lifecycle.start(home, 0)
    try:
        environment = lifecycle.environment(running) | {"LAYER_PLATFORM": "host"}
        environment["PATH"] = f"{copy.folder / '.venv' / 'bin'}:{environment['PATH']}"
        deploying, *using = commands.strip().splitlines()
        copy.run(deploying, environment)
        environment["CARTWHEEL_API_URL"] = _front_door(running)
        said = copy.run("\n".join(using), environment, answer="cartwheel\n")
        assert "CONFIRMED" in said
        stacks = lifecycle.client(running, "cloudformation").list_stacks()["StackSummaries"]
        assert [stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"] == [
            stack for stack in stacks if "aws-sam-cli" in stack["StackName"]
        ]
    finally:
        lifecycle.stop(home)


def _front_door(running: lifecycle.Running) -> str:
    """Where the embedded AWS serves what the stack's output names."""
    stack = lifecycle.client(running, "cloudformation").describe_stacks(StackName="cartwheel")["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    host, stage = outputs["ApiUrl"].removeprefix("https://").split("/")
    return f"{running.endpoint}/restapis/{host.split('.')[0]}/{stage}/_user_request_"
