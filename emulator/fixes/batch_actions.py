"""Which permission a batch call needs.

AWS: PublishBatch needs sns:Publish, and SQS's batch calls need the single call's permission; actions by the batch's own
name do not exist (Service Authorization Reference, Amazon SNS and Amazon SQS).
Emulator: asks for sns:PublishBatch, sqs:SendMessageBatch and so on, which no policy can grant on AWS.
Fix: ask for what AWS asks for.
Goes when: MiniStack does.
"""

from typing import Any

from emulator.patching import module, original

ACTIONS = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def apply() -> None:
    actions = module("core.iam_actions")
    extract = original(actions, "extract_iam_action", "service method path headers body query_params")

    def extract_iam_action(*request: Any) -> str | None:
        action: str | None = extract(*request)
        return ACTIONS.get(action, action) if action else None

    actions.extract_iam_action = extract_iam_action
