"""EventBridge rules: permission to reach a target, and the dead-letter queue when it cannot be reached.

AWS: a rule reaches queues, topics and functions when their own policy lets events.amazonaws.com, and state machines
through the target's role. What cannot be delivered is retried as RetryPolicy says and then goes to the DeadLetterConfig
queue with the reason in message attributes; a missing target or permission goes there at once (EventBridge User Guide,
"Using dead-letter queues to process undelivered events", "Using resource-based policies for EventBridge").
Emulator: asks no permission, and drops what it cannot deliver.
Fix: look before delivering, and put what cannot be delivered into the dead-letter queue. Retries are left out: in the
emulator a target is missing, forbidden or there.
Goes when: MiniStack checks a rule's permissions and honours DeadLetterConfig.
"""

import hashlib
import json
import logging
import time
from typing import Any
from uuid import uuid4

from emulator.patching import module, original
from emulator.policies import role_allows, service_allowed

SERVICE = "events.amazonaws.com"
NO_PERMISSIONS, NO_RESOURCE = "NO_PERMISSIONS", "NO_RESOURCE"
# What EventBridge does to a target that answers to its own policy.
ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
log = logging.getLogger("rule_targets")


def apply() -> None:
    events = module("services.eventbridge")
    invoke = original(events, "_invoke_target", "target event rule view")
    original(module("services.sqs"), "queue_policy_for_arn", "queue_arn")
    original(module("services.sqs"), "_md5_msg_attrs", "attrs")
    original(module("services.sqs"), "_ensure_msg_fields", "m")
    original(module("services.sns"), "topic_policy_for_arn", "topic_arn")
    original(module("services.lambda_svc"), "function_policy_for_arn", "resource_arn")
    original(module("services.stepfunctions"), "_resolve_state_machine_arn", "arn")

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        # Schedules of EventBridge Scheduler come this way too, and are no rules.
        trouble = _trouble(target, rule["Arn"]) if ":rule/" in rule.get("Arn", "") else None
        if trouble is None:
            invoke(target, event, rule, view)
            return
        log.warning("%s cannot reach %s: %s", rule["Arn"], target["Arn"], trouble)
        whole = (view or events._pattern_event_view(event)).event_with_detail()
        _bury(target, rule["Arn"], json.dumps(whole), trouble)

    events._invoke_target = invoke_target


def _trouble(target: dict[str, Any], rule_arn: str) -> str | None:
    """Why the target cannot be reached, or None."""
    arn = target.get("Arn", "")
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    if service == "states":
        if module("services.stepfunctions")._resolve_state_machine_arn(arn) is None:
            return NO_RESOURCE
        return None if role_allows(target.get("RoleArn") or "::::::", "states:StartExecution", arn) else NO_PERMISSIONS
    if service not in ACTIONS:
        return None
    found = {
        "sqs": module("services.sqs").queue_policy_for_arn,
        "sns": module("services.sns").topic_policy_for_arn,
        "lambda": module("services.lambda_svc").function_policy_for_arn,
    }[service](arn)
    if found is None:
        return NO_RESOURCE
    return None if service_allowed(found[0], SERVICE, ACTIONS[service], arn, rule_arn) else NO_PERMISSIONS


def _bury(target: dict[str, Any], rule_arn: str, event: str, trouble: str) -> None:
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn or _trouble({"Arn": arn}, rule_arn):
        return
    events, sqs = module("services.eventbridge"), module("services.sqs")
    attributes = {
        "RULE_ARN": rule_arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": trouble,
        "ERROR_MESSAGE": f"{target['Arn']} is missing" if trouble == NO_RESOURCE else f"{target['Arn']} forbids it",
        "RETRY_ATTEMPTS": "0",
    }
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    now = time.time()
    queue = sqs._queue_by_arn(arn)
    queue["messages"].append(
        {
            "id": str(uuid4()),
            "body": event,
            "md5_body": hashlib.md5(event.encode(), usedforsecurity=False).hexdigest(),
            "md5_attrs": sqs._md5_msg_attrs(sent),
            "message_attributes": sent,
            "receipt_handle": None,
            "sent_at": now,
            "visible_at": now + sqs.queue_delay(queue),
            "receive_count": 0,
            "sys": {"SenderId": SERVICE, "SentTimestamp": str(int(now * 1000))},
        }
    )
    sqs._ensure_msg_fields(queue["messages"][-1])
    events.esm_wake.set()
