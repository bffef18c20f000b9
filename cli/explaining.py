"""Any failure as one sentence that says what is wrong, and what to do."""

import json
import traceback
from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from deployed.aws_errors import aws_said
from deployed.errors import CommandError, Usage


def explained(error: Exception) -> CommandError:
    match error:
        case CommandError():
            return error
        case typer.TyperException():
            return Usage(error.format_message())
        case BotoCoreError() | ClientError():
            return aws_said(error)
    return CommandError(_said_by(error))


def _said_by(error: Exception) -> str:
    match error:
        case ValidationError():
            return _not_of_the_shape(error)
        case UnicodeError():
            return f"Something here is not valid text: {error}."
        case OSError():
            return _os_said(error)
    return _fault(error)


def _not_of_the_shape(error: ValidationError) -> str:
    """Where the first fault is, and never the value: it may be a password or an address."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "as a whole"
    return f"A {error.title} is not as this version of the shop knows it: {where}: {first['msg']}."


def _os_said(error: OSError) -> str:
    why = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {why}." if error.filename else f"{why}."


def _fault(error: Exception) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    where = f", at {Path(at.filename).name}:{at.lineno}" if at else ""
    said = json.dumps(str(error), ensure_ascii=False)
    return f"This is a fault of the command line itself, please report it: {type(error).__name__} {said}{where}."
