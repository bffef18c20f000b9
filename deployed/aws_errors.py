"""What AWS, or a client that could not reach it, says of a failure, as one sentence."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from deployed.errors import CommandError, nobody_at

# What AWS says of credentials that it does not know, that are over, or whose secret is wrong (Common Error Types, and
# the same of the query and the JSON protocols).
_CREDENTIALS_REFUSED = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"),
    *("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
}


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
