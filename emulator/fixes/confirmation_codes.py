"""The codes that Cognito mails, and what they prove.

AWS: six random digits in each mail, and who confirms a sign-up by one has shown that the address is theirs, where the
pool verifies addresses (Cognito Developer Guide, "Signing up and confirming user accounts").
Emulator: 123456 to confirm a sign-up and 654321 for a new password, always; the address stays unverified, so that the
shop mails nobody who signed up.
Fix: draw each code when its mail is written; mark the address as verified.
Goes when: MiniStack does.
"""

import secrets
from typing import Any

from emulator.patching import module, original

KEPT_AS = {"email": "_confirmation_code", "password": "_reset_code"}


def apply() -> None:
    cognito = module("services.cognito")
    write = original(cognito, "_send_verification_email", "pool username attr_dict code attribute_name")
    confirm = original(cognito, "_confirm_sign_up", "data")
    original(cognito, "_resolve_user", "pool username")
    original(cognito, "_pool_for_client", "cid")

    def write_with_own_code(pool: Any, name: str, attributes: Any, _code: str, attribute_name: str = "email") -> Any:
        drawn = f"{secrets.randbelow(10**6):06}"
        user, _ = cognito._resolve_user(pool, name)
        user[KEPT_AS[attribute_name]] = drawn
        return write(pool, name, attributes, drawn, attribute_name)

    def confirm_address(data: dict[str, Any]) -> Any:
        answer = confirm(data)
        pool, _ = cognito._pool_for_client(data.get("ClientId"))
        if answer[0] == 200 and "email" in (pool.get("AutoVerifiedAttributes") or ()):
            user = cognito._resolve_user(pool, data["Username"])[0]
            others = [each for each in user["Attributes"] if each["Name"] != "email_verified"]
            user["Attributes"] = [*others, {"Name": "email_verified", "Value": "true"}]
        return answer

    cognito._send_verification_email = write_with_own_code
    cognito._confirm_sign_up = confirm_address
