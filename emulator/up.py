"""`make run`: sets up the whole shop on this machine, from nothing to a confirmed order and its story."""

import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from emulator import broker, deploy, lifecycle, private
from emulator.deploy import Stack
from emulator.lifecycle import PROJECT, EmulatorError, Running

HOME = PROJECT / ".local"
MOCK = "1"
console = Console()


def up(port: int | None = None, home: Path = HOME, kafka: str | None = None, parameters: str = "") -> Stack:
    """Starts, builds, deploys, seeds and places an order. With `kafka` (a broker's address, or MOCK for an own broker),
    order updates also go to its topic. `parameters` of the template are `NAME=VALUE …`. Raises EmulatorError."""
    given = deploy.parameters_in(parameters)
    if missing := deploy.missing_tools():
        raise EmulatorError("\n".join(("This machine lacks:", *(f"  {tool}" for tool in missing))))
    with _alone(home):
        return _up(port, home, kafka, given)


def _up(port: int | None, home: Path, kafka: str | None, given: dict[str, str]) -> Stack:
    began = time.monotonic()
    continued = " and continues with its saved data" if lifecycle.has_state(home) else ""
    with _step("Starting the embedded AWS") as report:
        running = lifecycle.start(home, port, tell=_tell)
        if deploy.stuck(running):
            lifecycle.stop(home)
            aside = lifecycle.set_aside(home)
            _tell(f"An earlier deployment stopped halfway, so the shop starts empty. The earlier data is in {aside}")
            running, continued = lifecycle.start(home, running.port), ""
        report(f"The embedded AWS is running at {running.endpoint}{continued}")
    remembered = deploy.remembered(home)
    parameters = {"Kafka": "none"} | remembered  # given explicitly, because a stack keeps parameters that are not given
    if kafka:
        with _step("Starting a Kafka broker") as report:
            address = broker.start(home) if kafka == MOCK else broker.existing(kafka)
            report(f"The Kafka broker is running at {address}")
            parameters |= {"Kafka": "existing", "KafkaBrokers": address}
    with _step("Building") as report:
        stack = deploy.deploy(home, running, report, parameters | given)
        deploy.remember(home, remembered | given)
        report(f"The stack {stack.stack_name} is deployed")
    first_order(home, running)
    if stack.storefront_url:
        console.print(f"[green]✓[/] The shop's pages: [bold]{stack.storefront_url}[/]", highlight=False, soft_wrap=True)
        console.print(
            f"  How it works, and your order in it: {stack.storefront_url}#/architecture",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"[green]✓[/] The shop's API: [bold]{stack.api_url}[/]", highlight=False, soft_wrap=True)
    console.print("  Try `curl -s $(./shop url)/products`, `./shop order --wait`, `./shop --help`")
    console.print(f"[green]✓[/] [dim]{time.monotonic() - began:.0f} s in all; `make stop` stops it[/]")
    return stack


def first_order(home: Path, running: Running) -> None:
    """Adds products and users, places one order through API Gateway and shows its story, with the same command line
    that a person uses."""
    environment = lifecycle.environment(running) | {"CARTWHEEL_HOME": str(home)}
    for arguments in (["seed"], ["order", "--wait"], ["story"]):
        finished = subprocess.run([sys.executable, "-m", "cli", *arguments], cwd=PROJECT, env=environment, check=False)
        if finished.returncode:
            raise EmulatorError(f"`./shop {' '.join(arguments)}` failed; the stack is up, so it can be tried again.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Lets two runs of one folder take turns. The second one says what it waits for."""
    private.folder(home)
    with (home / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("Another `make run` is working in this folder; this one waits until it is done")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tell(message: str) -> None:
    console.print(f"[yellow]![/] {message}", highlight=False, soft_wrap=True)


@contextmanager
def _step(text: str) -> Iterator[Callable[[str], None]]:
    """Shows one line of progress that changes while the step runs. It stays, with the duration, when the step is
    done."""
    began, last = time.monotonic(), text
    with console.status(text) as status:

        def report(message: str) -> None:
            nonlocal last
            last = message
            status.update(message)

        yield report
    console.print(f"[green]✓[/] {last} [dim]{time.monotonic() - began:.1f} s[/]")
