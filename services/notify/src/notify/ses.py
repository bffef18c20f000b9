"""Sends mails by SES, if a sender is configured."""

import os

from notify.domain import Mail
from shopkit.aws import client

# One attempt: 1 s to connect and 3 s for the response.
MOST_SECONDS = 4


class MayNotSend(Exception):
    """SES will never send this mail: an address is not verified, or its content was refused. The message is the name of
    the error."""


def has_sender() -> bool:
    """Returns whether a sender address is configured. Without one, mails are only stored."""
    return bool(os.environ["SENDER_EMAIL"])


def send(mail: Mail) -> str:
    """Returns SES's id of the mail. Raises MayNotSend; after any other exception a retry may succeed."""
    ses = client("sesv2")
    try:
        answer = ses.send_email(
            FromEmailAddress=os.environ["SENDER_EMAIL"],
            Destination={"ToAddresses": [mail.to]},
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": mail.html, "Charset": "UTF-8"},
                    },
                    # SES overwrites a Message-ID with its own (Developer Guide, "Amazon SES header fields"), so ours,
                    # which a repeated mail repeats, travels beside it.
                    "Headers": [{"Name": "X-Cartwheel-Message-ID", "Value": mail.message_id}],
                }
            },
        )
    except (ses.exceptions.MessageRejected, ses.exceptions.MailFromDomainNotVerifiedException) as refusal:
        raise MayNotSend(refusal.response["Error"]["Code"]) from refusal
    return answer["MessageId"]
