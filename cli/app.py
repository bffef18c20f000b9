"""`shop`: its options, its commands, and the promise that a person never sees a traceback."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError
from rich.text import Text

from cli.commands import audit, catalogue, clicks, decisions, dlq, doctor, mail, orders, replay, sales, setup, watch
from cli.context import PROJECT
from cli.errors import CommandError, Usage, nobody_at
from cli.shop import Options, Shop, console

INTERRUPTED = 130

app = typer.Typer(
    name="shop",
    help="The shop in a terminal: the local one that `make run` starts, or one on AWS with --stack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (setup, doctor, catalogue, clicks, orders, decisions, mail, sales, dlq, replay, watch, audit):
    group.register(app)


@app.callback()
def options(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, whatever the command.")] = False,
    home: Annotated[
        Path, typer.Option(envvar="CARTWHEEL_HOME", help="The folder of the local stack.", show_default=False)
    ] = PROJECT / ".local",
    profile: Annotated[str | None, typer.Option(help="On AWS, with this profile's credentials.")] = None,
    stack: Annotated[str | None, typer.Option(help="On AWS, the stack of this name.")] = None,
    region: Annotated[str | None, typer.Option(help="On AWS, in this region.")] = None,
) -> None:
    context.obj = Shop(Options(as_json, home, profile, stack, region))


def main(arguments: Sequence[str]) -> int:
    """Runs one command; answers its exit code: 0, 1 for a refusal or a failed check, 2 for a wrong call."""
    # --json is of use anywhere on the line, so it is accepted anywhere.
    as_json = "--json" in arguments
    line = [argument for argument in arguments if argument != "--json"]
    try:
        return int(app(["--json", *line] if as_json else line, prog_name="shop", standalone_mode=False) or 0)
    except CommandError as error:
        return _complain(error, as_json=as_json)
    except typer.TyperException as error:
        return _complain(Usage(error.format_message()), as_json=as_json)
    except (BotoCoreError, ClientError) as error:
        return _complain(CommandError(_aws_said(error)), as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has gone, and Python would complain of it at exit
        return 0


def _complain(error: CommandError, *, as_json: bool) -> int:
    if as_json:
        sys.stderr.write(json.dumps(error.document(), ensure_ascii=False) + "\n")
    elif str(error):
        console(stderr=True).print(Text.assemble(("✗ ", "bold red"), str(error)), soft_wrap=True)
    return error.exit_code


def _aws_said(error: BotoCoreError | ClientError) -> str:
    match error:
        case EndpointConnectionError():
            return str(nobody_at(error.kwargs.get("endpoint_url")))
        case NoCredentialsError():
            return "No AWS credentials were found. Give --profile, or leave out --stack for the local shop."
        case ClientError():
            return f"AWS refused {error.operation_name}: {error.response['Error'].get('Message', error)}"
        case _:
            return str(error)
