"""Customers' addresses: kept in the user pool, looked up when they are needed, never on the bus."""

import os

from shopkit.aws import client


def email_of(customer_id: str) -> str | None:
    """The address of the user whose `sub` this is; None when the pool has no such user, or no address that they have
    shown to be theirs: a customer cannot have strangers mailed."""
    cognito = client("cognito-idp")
    try:
        user = cognito.admin_get_user(UserPoolId=os.environ["USER_POOL_ID"], Username=customer_id)
    except cognito.exceptions.UserNotFoundException:
        return None
    known = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
    return known.get("email") if known.get("email_verified") == "true" else None
