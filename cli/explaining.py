"""Turns any error into one sentence that says what is wrong and what to do."""

import json
import traceback
from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from deployed.aws_errors import aws_error
from deployed.errors import CommandError, Usage


def explained(error: Exception) -> CommandError:
    match error:
        case CommandError():
            return error
        case typer.TyperException():
            return Usage(error.format_message())
        case BotoCoreError() | ClientError():
            return aws_error(error)
    return CommandError(_sentence_for(error))


def _sentence_for(error: Exception) -> str:
    match error:
        case ValidationError():
            return _mismatch(error)
        case UnicodeError():
            return f"Some text here is not valid: {error}."
        case OSError():
            return _os_sentence(error)
    return _fault(error)


def _mismatch(error: ValidationError) -> str:
    """Says where the first fault is, but never shows the value, which may be a password or an address."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "as a whole"
    return f"A {error.title} does not match this version of the shop: {where}: {first['msg']}."


def _os_sentence(error: OSError) -> str:
    why = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {why}." if error.filename else f"{why}."


def _fault(error: Exception) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    where = f", at {Path(at.filename).name}:{at.lineno}" if at else ""
    message = json.dumps(str(error), ensure_ascii=False)
    return f"This is a bug in the command line itself; please report it: {type(error).__name__} {message}{where}."
