"""Any failure as one sentence that says what is wrong, and what to do."""

import json
import traceback
from pathlib import Path

import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)
from pydantic import ValidationError

from cli.errors import CommandError, Usage, nobody_at

# What AWS says of credentials that it does not know, that are over, or whose secret is wrong (Common Error Types, and
# the same of the query and the JSON protocols).
_CREDENTIALS_REFUSED = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"),
    *("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
}


def explained(error: Exception) -> CommandError:
    match error:
        case CommandError():
            return error
        case typer.TyperException():
            return Usage(error.format_message())
        case BotoCoreError() | ClientError():
            return aws_said(error)
    return CommandError(_said_by(error))


def aws_said(error: BotoCoreError | ClientError) -> CommandError:
    match error:
        case NoCredentialsError():
            return CommandError(
                "No AWS credentials were found. Give --profile, or leave out --stack for the local shop."
            )
        case NoRegionError():
            return CommandError("Which region? Give --region, or set AWS_REGION.")
        case ConnectionError() | HTTPClientError():
            url = error.kwargs.get("endpoint_url")
            return nobody_at(str(url)) if url else CommandError(f"AWS did not answer: {error}")
        case ClientError():
            return _refused(error)
    return CommandError(str(error))


def _refused(error: ClientError) -> CommandError:
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", str(error))
    if code in _CREDENTIALS_REFUSED:
        return CommandError(f"AWS does not take these credentials, which are wrong or have expired: {said} ({code})")
    return CommandError(f"AWS refused {error.operation_name}: {said}")


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
