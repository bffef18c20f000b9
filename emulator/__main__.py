"""The embedded AWS from the command line: `python -m emulator up | down | status`."""

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from emulator import broker, lifecycle
from emulator.lifecycle import EmulatorError
from emulator.up import HOME, console, up

app = typer.Typer(help="The embedded AWS.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command("up")
def start(
    port: Annotated[int | None, typer.Option(help="the port to listen on (default: 4566)", min=1, max=65535)] = None,
    kafka: Annotated[
        str | None, typer.Option(help="send order updates to this broker, host:port; 1 starts one here")
    ] = None,
    parameters: Annotated[
        str, typer.Option(help="parameters of the template, as NAME=VALUE NAME=VALUE; they keep their values")
    ] = "",
) -> None:
    """Start it, build, deploy, seed and place a first order."""
    try:
        up(port, kafka=kafka, parameters=parameters)
    except EmulatorError as error:
        console.print(f"[red]✗[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("Interrupted. What was started keeps running in the background; `make stop` stops it.")
        raise typer.Exit(130) from None


@app.command()
def down() -> None:
    """Stop it. Its data is kept."""
    if broker.stop(HOME):
        console.print("The Kafka broker is stopped, and its topics are deleted")
    if not lifecycle.stop(HOME):
        console.print("Nothing was running")
        return
    kept = "`make run` continues with the existing orders, users and parameters"
    console.print(f"Stopped. {kept}; remove .local/state to start from scratch", highlight=False, soft_wrap=True)


@app.command()
def status() -> None:
    """Show where it listens, if it runs."""
    running = lifecycle.status(HOME)
    if running is None:
        console.print("Not running")
        raise typer.Exit(1)
    console.print(f"{running.endpoint} (process {running.pid})")


def main() -> None:
    """Runs one command. A failure of this machine, such as a full disk, gives one line and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓
    try:
        try:
            app()
        finally:
            if sys.stdout:
                sys.stdout.flush()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if sys.stderr:
            sys.stderr.write(f"✗ {where}{error.strerror or error}\n")
        # Python flushes once more when it exits, and would report the error again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
