"""Which resource the permission to send a mail is on.

AWS: ses:SendEmail is asked on the identity of the sender (Service Authorization Reference, Amazon SES v2).
Emulator: asks for it on "*" when the v2 API is used, which a policy that names identities does not grant.
Fix: ask on the identity of the From address.
Goes when: MiniStack does.
"""

import json
from email.utils import parseaddr
from typing import Any

from emulator.patching import module, original


def apply() -> None:
    actions = module("core.iam_actions")
    resource = original(actions, "_ses_v2_resource_arn", "method path body region account_id")

    def resource_arn(method: str, path: str, body: bytes, region: str, account_id: str) -> Any:
        if (method, path.strip("/")) == ("POST", "v2/email/outbound-emails"):
            sender = parseaddr(json.loads(body or b"{}").get("FromEmailAddress", ""))[1]
            return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"
        return resource(method, path, body, region, account_id)

    actions._ses_v2_resource_arn = resource_arn
