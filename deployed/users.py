"""The shop's users in its Cognito user pool."""

import os
import secrets

from botocore.exceptions import ClientError

from deployed.aws_errors import aws_error
from deployed.errors import CommandError, Usage
from deployed.stack import Stack

OPERATORS = "operators"
# A local shop has nothing to protect, and a fixed password can be written down in the docs.
_LOCAL_PASSWORD = "Cartwheel-1"  # noqa: S105


def new_password(stack: Stack) -> str:
    # The suffix satisfies Cognito's default policy, whatever the random part contains.
    return _LOCAL_PASSWORD if stack.is_local else secrets.token_urlsafe(15) + "-aA1"


def create(stack: Stack, email: str, password: str) -> bool:
    """Creates a user who can sign in at once, without an e-mail. Returns false if the address already exists, and
    leaves that user unchanged. Raises CommandError if the pool's policy refuses the password; the user is then not
    created."""
    cognito, pool = stack.client("cognito-idp"), stack.details.user_pool_id
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
    except cognito.exceptions.UsernameExistsException:
        return False
    except cognito.exceptions.InvalidParameterException as error:
        raise Usage(f"{email}: {error.response['Error']['Message']}") from error
    try:
        set_password(stack, email, password)
    except CommandError:
        remove(stack, email)
        raise
    return True


def remove(stack: Stack, email: str) -> None:
    stack.client("cognito-idp").admin_delete_user(UserPoolId=stack.details.user_pool_id, Username=email)


def make_operator(stack: Stack, email: str) -> None:
    stack.client("cognito-idp").admin_add_user_to_group(
        UserPoolId=stack.details.user_pool_id, Username=email, GroupName=OPERATORS
    )


def set_password(stack: Stack, email: str, password: str) -> None:
    """Raises CommandError if the pool's policy refuses the password."""
    cognito = stack.client("cognito-idp")
    try:
        cognito.admin_set_user_password(
            UserPoolId=stack.details.user_pool_id, Username=email, Password=password, Permanent=True
        )
    except cognito.exceptions.InvalidPasswordException as error:
        raise CommandError(error.response["Error"]["Message"]) from error


def sign_in(stack: Stack, email: str, password: str | None = None) -> str:
    """Returns the user's ID token, which is valid for an hour. Raises CommandError."""
    cognito, known = stack.client("cognito-idp"), stack.user(email)
    email = known.email if known else email
    try:
        answer = cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=stack.details.user_pool_client_id,
            AuthParameters={"USERNAME": email, "PASSWORD": password or _password_of(stack, email)},
        )
    except (cognito.exceptions.NotAuthorizedException, cognito.exceptions.UserNotFoundException) as error:
        raise CommandError(f"{email} could not sign in: {error.response['Error']['Message']}") from error
    except ClientError as error:
        raise aws_error(error) from error
    if "AuthenticationResult" not in answer:
        raise CommandError(f"{email} must first complete the challenge {answer['ChallengeName']}.")
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def known_password(stack: Stack, email: str) -> str | None:
    """Returns the password that is stored here, or else the one in the environment variable CARTWHEEL_PASSWORD."""
    if known := stack.user(email):
        return known.password
    return os.environ.get("CARTWHEEL_PASSWORD")


def _password_of(stack: Stack, email: str) -> str:
    if known := known_password(stack, email):
        return known
    raise CommandError(f"The password of {email} is not known here: set CARTWHEEL_PASSWORD.")
