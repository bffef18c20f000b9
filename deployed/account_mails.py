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
    request = AWSRequest("GET", f"{stack.details.endpoint_url}/_ministack/ses/messages")
    SigV4Auth(stack.session.get_credentials(), "ses", stack.details.region).add_auth(request)
    with httpx2.Client(trust_env=False) as client:
        boxes: dict[str, list[dict[str, Any]]] = client.get(request.url, headers=dict(request.headers)).json()[
            "messages"
        ]
    for mail in (mail for box in boxes.values() for mail in box):
        if mail["Type"].startswith("Cognito"):
            yield AccountMail(
                at=mail["Timestamp"],
                to=mail["To"][0],
                subject=mail["Subject"],
                text=mail["BodyText"] or mail["BodyHtml"],
            )
