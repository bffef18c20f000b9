"""`shop`: its options and commands. A person never sees a traceback."""

import contextlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
import typer.core
import typer.main
from rich.text import Text

from cli import output
from cli.commands import (
    audit,
    catalogue,
    chaos,
    clicks,
    cost,
    decisions,
    dlq,
    doctor,
    experiment,
    mail,
    orders,
    permissions,
    replay,
    sales,
    setup,
    trace,
    watch,
    weather,
)
from cli.explaining import explained
from cli.output import OutputLost, ReaderGone
from cli.session import Options, Session, console
from deployed.errors import CommandError
from deployed.stack import PROJECT

INTERRUPTED = 130
HELP = ["-h", "--help"]

app = typer.Typer(
    name="shop",
    help="Use the shop from a terminal: the local one that `make run` starts, or with --stack one on AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": HELP},
)
_COMMANDS = (
    *(setup, doctor, catalogue, clicks, orders, trace, decisions, mail, sales, dlq, replay, watch, cost, experiment),
    *(audit, permissions, chaos, weather),
)
for group in _COMMANDS:
    group.register(app)


@app.callback()
def options(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    home: Annotated[
        Path, typer.Option(envvar="CARTWHEEL_HOME", help="The local stack's folder.", show_default=False)
    ] = PROJECT / ".local",
    profile: Annotated[str | None, typer.Option(help="Use a shop on AWS, with this profile's credentials.")] = None,
    stack: Annotated[str | None, typer.Option(help="Use the shop on AWS with this stack name.")] = None,
    region: Annotated[str | None, typer.Option(help="Use a shop on AWS, in this region.")] = None,
) -> None:
    shop = Session(Options(as_json, home, profile, stack, region))
    if isinstance(context.obj, list):  # the caller wants to know which shop was used
        context.obj.append(shop)
    context.obj = shop


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code: 0; 1 if it was refused or a check failed; 2 if it was called
    incorrectly; 141 if the reader of a pipe has closed it."""
    # --json is accepted anywhere on the line.
    as_json = "--json" in arguments
    line = [argument for argument in arguments if argument != "--json"]
    asked: list[Session] = []
    try:
        code = _run(["--json", *line] if as_json else line, asked)
    except Exception as error:  # noqa: BLE001 - a person never sees a traceback
        what = explained(error)
        code = _complain(asked[0].why(what) if asked else what, as_json=as_json)
    try:
        output.end()
    except OutputLost as lost:
        code = code or _complain(lost, as_json=as_json)
    return code


def _run(line: Sequence[str], asked: list[Session]) -> int:
    output.begin()
    try:
        return int(_command()(line, prog_name="shop", standalone_mode=False, obj=asked) or 0)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit:  # raised by Rich and Typer themselves when a pipe breaks
        raise ReaderGone from None


@cache
def _command() -> typer.core.TyperGroup:
    """Returns the app. Its help does not say that a flag takes a value, as Typer's would (`--json <bool>`)."""
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    _flags_take_nothing(command)
    return command


def _flags_take_nothing(group: typer.core.TyperGroup) -> None:
    for command in (group, *group.commands.values()):
        help_option = command.get_help_option(typer.Context(command, help_option_names=HELP))
        for option in (*command.params, help_option):
            if isinstance(option, typer.core.TyperOption) and option.is_bool_flag:
                option.metavar = ""
    for command in group.commands.values():
        if isinstance(command, typer.core.TyperGroup):
            _flags_take_nothing(command)


def _complain(error: CommandError, *, as_json: bool) -> int:
    with contextlib.suppress(OSError):  # the message cannot be shown, but the exit code reports the error
        if as_json and str(error):
            sys.stderr.write(output.as_json(error.document()) + "\n")
        elif str(error):
            console(stderr=True).print(Text.assemble(("✗ ", "bold red"), str(error)), soft_wrap=True)
    return error.exit_code
