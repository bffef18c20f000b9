"""Turns an error of AWS, or of a client that could not reach it, into one sentence."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from deployed.errors import CommandError, unreachable

# Error codes for credentials that are unknown, expired, or have a wrong secret (Common Error Types, and the equivalents
# in the query and JSON protocols).
_CREDENTIALS_REFUSED = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"),
    *("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
}


def aws_error(error: BotoCoreError | ClientError) -> CommandError:
    match error:
        case NoCredentialsError():
            return CommandError(
                "No AWS credentials were found. Use --profile, or leave out --stack for the local shop."
            )
        case NoRegionError():
            return CommandError("No AWS region is set. Use --region, or set AWS_REGION.")
        case ConnectionError() | HTTPClientError():
            url = error.kwargs.get("endpoint_url")
            return unreachable(str(url)) if url else CommandError(f"AWS did not respond: {error}")
        case ClientError():
            return _refused(error)
    return CommandError(str(error))


def _refused(error: ClientError) -> CommandError:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", str(error))
    if code in _CREDENTIALS_REFUSED:
        return CommandError(f"AWS rejected these credentials, which are wrong or have expired: {message} ({code})")
    return CommandError(f"AWS refused {error.operation_name}: {message}")
