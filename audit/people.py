"""The shop's customers as its user pool knows them: the witness of where mails should have gone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployed.stack import Stack


@dataclass(frozen=True)
class Customer:
    """`since` is when anything of the account last changed: what was sent before may have gone to an older address."""

    email: str = field(repr=False)
    since: datetime


def customers_of(stack: Stack) -> dict[str, Customer]:
    """The pool's users by their `sub`, sixty a call. Raises ClientError."""
    pages = stack.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=stack.details.user_pool_id)
    return dict(_customer(user) for page in pages for user in page["Users"])


def _customer(user: dict[str, Any]) -> tuple[str, Customer]:
    known = {attribute["Name"]: attribute["Value"] for attribute in user["Attributes"]}
    return known["sub"], Customer(known.get("email", ""), user["UserLastModifiedDate"])
