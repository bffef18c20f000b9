"""Customers' e-mail addresses. They stay in the user pool, are looked up when needed, and never travel on the bus."""

import os

from shopkit.aws import client


def email_of(customer_id: str) -> str | None:
    """Returns the address of the user with this `sub`. Returns None if there is no such user, or if the address is not
    verified: a customer cannot have e-mails sent to another person."""
    cognito = client("cognito-idp")
    try:
        user = cognito.admin_get_user(UserPoolId=os.environ["USER_POOL_ID"], Username=customer_id)
    except cognito.exceptions.UserNotFoundException:
        return None
    known = {attribute["Name"]: attribute["Value"] for attribute in user["UserAttributes"]}
    return known.get("email") if known.get("email_verified") == "true" else None
