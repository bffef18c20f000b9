"""The shop's customers in its user pool, which shows where e-mails should have gone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployed.stack import Stack


@dataclass(frozen=True)
class Customer:
    """A user. `since` is when the account last changed; earlier e-mails may have gone to an older address."""

    email: str = field(repr=False)
    since: datetime


def customers_of(stack: Stack) -> dict[str, Customer]:
    """Returns the pool's users by their `sub`, sixty per call. Raises ClientError."""
    pages = stack.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=stack.details.user_pool_id)
    return dict(_customer(user) for page in pages for user in page["Users"])


def _customer(user: dict[str, Any]) -> tuple[str, Customer]:
    known = {attribute["Name"]: attribute["Value"] for attribute in user["Attributes"]}
    return known["sub"], Customer(known.get("email", ""), user["UserLastModifiedDate"])
