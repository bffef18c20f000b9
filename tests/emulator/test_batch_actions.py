"""A batch call needs the permission of the single one."""

from tests.emulator.account import Account

PUBLISHING = """
    import boto3, os

    def handler(event, context):
        sns = boto3.client("sns")
        entries = [{"Id": "1", "Message": "hello"}]
        return len(sns.publish_batch(TopicArn=os.environ["TOPIC"], PublishBatchRequestEntries=entries)["Successful"])
"""


def test_who_may_publish_may_publish_a_batch(account: Account) -> None:
    topic = account.client("sns").create_topic(Name=account.name("topic"))["TopicArn"]
    allowed = account.function(PUBLISHING, {"Action": "sns:Publish", "Resource": topic}, TOPIC=topic)
    assert account.invoke(allowed) == (None, 1)


def test_who_may_not_publish_may_not_publish_a_batch(account: Account) -> None:
    topic = account.client("sns").create_topic(Name=account.name("topic"))["TopicArn"]
    denied = account.function(PUBLISHING, {"Action": "sns:Subscribe", "Resource": topic}, TOPIC=topic)
    _kind, payload = account.invoke(denied)
    assert payload["errorType"] == "AuthorizationErrorException"
