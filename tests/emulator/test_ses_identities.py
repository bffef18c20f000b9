"""A function may send in the name of the identities that its policy names, and of no other."""

from tests.emulator.account import Account

SEND = """
import boto3

def handler(sender, context):
    boto3.client("sesv2").send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": ["ada@example.com"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "text"}}}},
    )
"""


def test_the_permission_to_send_is_on_the_senders_identity(account: Account) -> None:
    for address in ("shop@example.com", "other@example.com"):
        account.client("sesv2").create_email_identity(EmailIdentity=address)
    identity = "arn:aws:ses:us-east-1:000000000000:identity/shop@example.com"
    function = account.function(SEND, {"Action": "ses:SendEmail", "Resource": identity})
    assert account.invoke(function, "shop@example.com") == (None, None)
    error, payload = account.invoke(function, "other@example.com")
    assert error
    assert "AccessDenied" in str(payload)
