"""What every command gets: the stack, the API, and one way to print results."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from cli.output import OutputLost, Terminal, as_json, writing
from deployed import users
from deployed.errors import CommandError, Usage
from deployed.front_door import FrontDoor
from deployed.stack import DEFAULT_STACK, Stack
from deployed.standing import fault_of

_PIPE_WIDTH = 160


@dataclass(frozen=True)
class Options:
    """The options before the command."""

    json: bool
    home: Path
    profile: str | None = None
    stack: str | None = None
    region: str | None = None

    @property
    def on_aws(self) -> bool:
        return any((self.profile, self.stack, self.region))


class Session:
    def __init__(self, options: Options) -> None:
        self.options = options

    @cached_property
    def stack(self) -> Stack:
        """The local stack, unless an option names one on AWS."""
        options = self.options
        if not options.on_aws:
            return Stack.local(options.home)
        return Stack.on_aws(
            options.home, name=options.stack or DEFAULT_STACK, profile=options.profile, region=options.region
        )

    def why(self, error: CommandError) -> CommandError:
        """Returns the error, or its cause if the local shop is not running or not complete."""
        asked = "stack" in self.__dict__ and not isinstance(error, Usage | OutputLost)
        return (fault_of(self.stack) if asked else None) or error

    def must_stand(self) -> None:
        """For a command that makes no other call. Raises CommandError if the local shop is not running or not
        complete."""
        if fault := fault_of(self.stack):
            raise fault

    def anyone(self) -> FrontDoor:
        return FrontDoor(self.stack.details.api_url)

    def customer(self, email: str | None = None) -> FrontDoor:
        return self._as(email or self.first_customer)

    def operator(self, email: str | None = None) -> FrontDoor:
        return self._as(email or self.first_operator)

    @property
    def first_customer(self) -> str:
        return _first(self.stack.details.customers, "customer")

    @property
    def first_operator(self) -> str:
        return _first(self.stack.details.operators, "operator")

    def say(self, document: Any, picture: Callable[[], RenderableType]) -> None:
        """Prints the result: with --json `document`, otherwise `picture`. Raises OutputLost."""
        with writing():
            if self.options.json:
                sys.stdout.write(as_json(document, indent=2) + "\n")
            else:
                console().print(picture())

    def say_line(self, document: Any, line: RenderableType) -> None:
        """Prints one line of a result at once, for a shell's $(…) or as one of many. Text is not wrapped, whatever the
        width. Raises OutputLost."""
        with writing():
            if self.options.json:
                sys.stdout.write(as_json(document) + "\n")
            else:
                console().print(line, soft_wrap=not console().is_terminal or isinstance(line, str | Text))
            sys.stdout.flush()

    def hint(self, text: str) -> None:
        """Prints a hint to stderr. It is not part of the result and is left out with --json."""
        if not self.options.json:
            with contextlib.suppress(OSError):  # the result was printed, which is all that was asked for
                console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)

    def _as(self, email: str) -> FrontDoor:
        return FrontDoor(self.stack.details.api_url, sign_in(self.stack, email))


def sign_in(stack: Stack, email: str) -> str:
    """Returns the user's ID token, with a password that is known or that a person types. Raises CommandError."""
    password = users.known_password(stack, email)
    if password is None and sys.stdin and sys.stdin.isatty():
        password = str(typer.prompt(f"Password of {email}", hide_input=True, err=True))
    return users.sign_in(stack, email, password)


def session_of(context: typer.Context) -> Session:
    """Returns the session that the options before the command describe."""
    shop: Session = context.obj
    return shop


def console(*, stderr: bool = False) -> Console:
    """Returns Rich's console. It is created for each use, because tests replace the streams. A pipe gets whole
    lines."""
    # Names and e-mails are plain text, whatever brackets and colons they contain.
    plain = partial(Terminal, stderr=stderr, highlight=False, markup=False, emoji=False)
    found = plain()
    return found if found.is_terminal else plain(width=_PIPE_WIDTH)


def _first(users: tuple[Any, ...], kind: str) -> str:
    if not users:
        raise CommandError(f"No {kind} is known here: run `./shop seed` to add some, or name one with --as EMAIL.")
    email: str = users[0].email
    return email
