"""What a local stack's user pool has mailed about people's accounts. On AWS Cognito sends it, and keeps nothing."""

from collections.abc import Iterator
from typing import Any

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from contracts.types import Timestamp, Value
from deployed.stack import Stack


class AccountMail(Value):
    """Such as the code that confirms an address."""

    at: Timestamp
    to: str
    subject: str
    text: str


def account_mails(stack: Stack) -> Iterator[AccountMail]:
    """Oldest first; none of a stack on AWS."""
    if not stack.is_local:
        return
    address, credentials = f"{stack.details.endpoint_url}/_ministack/ses/messages", stack.session.get_credentials()
    assert credentials is not None, "a local stack has its own"
    request = AWSRequest("GET", address)
    SigV4Auth(credentials, "ses", stack.details.region).add_auth(request)
    with httpx2.Client(trust_env=False) as client:
        answer: dict[str, Any] = client.get(address, headers=dict(request.headers)).json()
    for mail in (mail for box in answer["messages"].values() for mail in box):
        if mail["Type"].startswith("Cognito"):
            yield AccountMail(
                at=mail["Timestamp"],
                to=mail["To"][0],
                subject=mail["Subject"],
                text=mail["BodyText"] or mail["BodyHtml"],
            )
