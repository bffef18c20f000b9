"""Sending by SES, where a sender is verified."""

import os

from notify.domain import Mail
from shopkit.aws import client

# One attempt: a second to connect and three for the answer.
MOST_SECONDS = 4


class MayNotSend(Exception):
    """SES will not send this mail however often it is asked: an address of it is not verified, or its content refused.
    The exception's message is the error's name."""


def has_sender() -> bool:
    """Whether there is an address that mails come from. Without one they are kept."""
    return bool(os.environ["SENDER_EMAIL"])


def send(mail: Mail) -> str:
    """SES's own id of the mail. Raises MayNotSend; any other failure may be over at the next attempt."""
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
